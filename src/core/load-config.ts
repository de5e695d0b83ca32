/** Reads a config file and what it names (prompts, schema): everything that is checked before anything is spent. */
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, isAbsolute, resolve } from 'node:path'
import { teacherModels, type Config, type GraderConfig, type ModelConfig } from './config.ts'
import { PotstillError } from './errors.ts'
import { isJsonObject, type JsonObject } from './json.ts'
import { parseConfig } from './parse-config.ts'
import type { TaskOutput } from './task.ts'

export interface LoadedConfig {
  readonly config: Config
  /** Absolute path of the config file, and the folder that its paths are relative to. */
  readonly file: string
  readonly folder: string
  readonly taskPrompt: string
  /** null: to be inferred from labelled rows. */
  readonly output: TaskOutput | null
  /** Arm name ("teacher" and those under `arms`) to its prompt. */
  readonly prompts: ReadonlyMap<string, string>
}

/** @throws CONFIG_NOT_FOUND, CONFIG_INVALID, SCHEMA_INVALID, DATA_NOT_FOUND (a prompt that is not there). */
export async function loadConfig(path: string): Promise<LoadedConfig> {
  const file = resolve(path)
  const text = await readFile(file, 'utf8').catch(() => {
    throw new PotstillError('CONFIG_NOT_FOUND', `${path}: there is no such config file`)
  })
  const folder = dirname(file)
  const config = await readGraders(parseConfig(text, basename(file)), folder)
  checkArms(config, basename(file))
  checkData(config, basename(file))
  checkStudent(config, basename(file))
  checkTeachers(config, basename(file))
  checkGraders(config, basename(file))
  const taskPrompt = await readPrompt(config.task.prompt, folder, 'task.prompt')
  const prompts = new Map<string, string>()
  for (const [name, model] of modelsOf(config)) {
    prompts.set(
      name,
      model.prompt === undefined ? taskPrompt : await readPrompt(model.prompt, folder, `${name}.prompt`),
    )
  }
  return { config, file, folder, taskPrompt, output: await readOutput(config.task.output, folder), prompts }
}

/** Prompts and sources of graders, from the files that they may be in. */
async function readGraders(config: Config, folder: string): Promise<Config> {
  const graders = await Promise.all(
    config.evaluate.graders.map(async (grader, index): Promise<GraderConfig> => {
      const key = `evaluate.graders[${index}]`
      if (grader.type === 'label_model' || grader.type === 'score_model') {
        return { ...grader, prompt: await readPrompt(grader.prompt, folder, `${key}.prompt`) }
      }
      if (grader.type === 'javascript' || grader.type === 'python') {
        return { ...grader, source: await readText(grader.source, sourceEndings, folder, `${key}.source`) }
      }
      return grader
    }),
  )
  return { ...config, evaluate: { ...config.evaluate, graders } }
}

/** A path of the config, made absolute. */
export function resolvePath(folder: string, path: string): string {
  return isAbsolute(path) ? path : resolve(folder, path)
}

function modelsOf(config: Config): (readonly [string, ModelConfig])[] {
  return [...teacherModels(config), ...config.arms].map((model) => [model.name, model] as const)
}

const reservedNames = new Set([
  'teacher',
  'most-frequent',
  'student-before',
  'student',
  'student+teacher',
  'untuned',
  'untuned-unconstrained',
  'untuned-with-examples',
])

function checkArms(config: Config, file: string): void {
  const names = new Set<string>()
  const members = 'combine' in config.teacher ? config.teacher.models : []
  const places = [
    ...members.map(({ name }, index) => ({ name, place: `teacher.models[${index}].name` })),
    ...config.arms.map(({ name }, index) => ({ name, place: `arms[${index}].name` })),
  ]
  for (const { name, place } of places) {
    if (reservedNames.has(name) || names.has(name)) {
      throw new PotstillError('CONFIG_INVALID', `${file}: ${place} ${JSON.stringify(name)} is taken`, {
        hint: `Names differ from each other and from ${[...reservedNames].join(', ')}.`,
      })
    }
    names.add(name)
  }
  const { replaces } = config.verdict
  if (replaces !== 'teacher' && !names.has(replaces)) {
    throw new PotstillError(
      'CONFIG_INVALID',
      `${file}: verdict.replaces names no arm: ${JSON.stringify(replaces)}`,
      {
        hint: `There are: ${['teacher', ...names].join(', ')}.`,
      },
    )
  }
}

function checkData(config: Config, file: string): void {
  const { unlabelled, labelled, captured } = config.data
  if (unlabelled === undefined && labelled === undefined && captured === undefined) {
    throw new PotstillError('CONFIG_INVALID', `${file}: data names neither unlabelled nor labelled rows`, {
      hint: 'Give data.unlabelled (inputs for the teacher to answer), data.labelled (rows people answered), or both; or data.captured (traffic of `potstill serve`).',
    })
  }
  if (captured !== undefined && 'combine' in config.teacher) {
    throw new PotstillError(
      'CONFIG_INVALID',
      `${file}: data.captured has one teacher's answers, and teacher combines several`,
      { hint: 'Give the one model that answered: teacher: { model: ... }.' },
    )
  }
}

function checkTeachers({ teacher }: Config, file: string): void {
  if (!('combine' in teacher)) return
  const { combine, judge } = teacher
  const needsJudge = combine === 'best-of' || combine === 'blend'
  if (needsJudge && judge === undefined) {
    const does = combine === 'blend' ? 'writes the one answer from all drafts' : 'picks among the drafts'
    throw new PotstillError(
      'CONFIG_INVALID',
      `${file}: teacher.judge is missing; ${combine} needs a model that ${does}`,
      {
        hint: 'For example: judge: { model: openai/gpt-6-sol }.',
      },
    )
  }
  if (!needsJudge && judge !== undefined) {
    throw new PotstillError(
      'CONFIG_INVALID',
      `${file}: teacher.judge is for best-of and blend, and combine is ${combine}`,
      {
        hint: 'Remove it.',
      },
    )
  }
}

function checkGraders({ evaluate }: Config, file: string): void {
  for (const [index, grader] of evaluate.graders.entries()) {
    const fault = faultOf(grader, evaluate.allowPythonGraders)
    if (fault === null) continue
    throw new PotstillError('CONFIG_INVALID', `${file}: evaluate.graders[${index}]${fault.text}`, fault)
  }
}

function faultOf(
  grader: GraderConfig,
  allowPython: boolean,
): { readonly text: string; readonly hint: string } | null {
  switch (grader.type) {
    case 'label_model': {
      const other = grader.passingLabels.find((label) => !grader.labels.includes(label))
      if (other === undefined) return null
      const text = `.passingLabels has ${JSON.stringify(other)}, which is none of its labels`
      return { text, hint: `There are: ${grader.labels.join(', ')}.` }
    }
    case 'score_model':
      if (grader.range[0] < grader.range[1]) return null
      return {
        text: `.range must be [lowest, highest], got [${grader.range.join(', ')}]`,
        hint: 'For example [0, 1].',
      }
    case 'text_similarity':
      if (grader.metric !== 'cosine' || grader.model !== undefined) return null
      return {
        text: '.model is missing; cosine compares the vectors of a model',
        hint: 'For example: model: openai/text-embedding-3-small.',
      }
    case 'python':
      if (allowPython) return null
      return {
        text: ' is a python grader, and evaluate.allowPythonGraders is not set',
        hint: 'Write it in JavaScript (type: javascript), or set evaluate.allowPythonGraders: true if you trust it.',
      }
    default:
      return null
  }
}

/** The keys that only a language model has. */
const languageModelKeys = ['base', 'rank', 'learningRate', 'batchSize', 'weights'] as const

function checkStudent({ student }: Config, file: string): void {
  if (student.kind === 'lm' && student.base === undefined) {
    throw new PotstillError(
      'CONFIG_INVALID',
      `${file}: student.base is missing; kind lm adapts an open model`,
      {
        hint: 'Give a path, a URL or a Hugging Face repository, such as HuggingFaceTB/SmolLM2-135M-Instruct.',
      },
    )
  }
  const other = languageModelKeys.find((key) => student[key] !== undefined)
  if (student.kind === 'micro' && other !== undefined) {
    throw new PotstillError(
      'CONFIG_INVALID',
      `${file}: student.${other} is for kind lm, and the kind is micro`,
      {
        hint: 'Remove the key, or set student.kind to lm.',
      },
    )
  }
}

export async function readPrompt(prompt: string, folder: string, key: string): Promise<string> {
  return (await readText(prompt, promptEndings, folder, key)).trim()
}

const promptEndings = ['.md', '.txt']
const sourceEndings = ['.js', '.mjs', '.py']

async function readText(
  text: string,
  endings: readonly string[],
  folder: string,
  key: string,
): Promise<string> {
  if (text.includes('\n') || !endings.includes(extname(text))) return text
  return readFile(resolvePath(folder, text), 'utf8').catch(() => {
    throw new PotstillError('DATA_NOT_FOUND', `${key}: there is no file ${text}`, {
      hint: `Paths are relative to the config file; what is no ${endings.join(' or ')} path is taken as the text itself.`,
    })
  })
}

async function readOutput(output: Config['task']['output'], folder: string): Promise<TaskOutput | null> {
  if (output === undefined) return null
  if (output === 'text') return { kind: 'text' }
  if (typeof output !== 'string') {
    return Array.isArray(output.labels)
      ? { kind: 'labels', labels: output.labels as string[] }
      : { kind: 'json', schema: output as JsonObject }
  }
  const text = await readFile(resolvePath(folder, output), 'utf8').catch(() => {
    throw new PotstillError('DATA_NOT_FOUND', `task.output: there is no file ${output}`, {
      hint: 'Give the path of a JSON Schema, { labels: [...] } or text; or leave it out to have it inferred.',
    })
  })
  return { kind: 'json', schema: parseSchema(text, output) }
}

function parseSchema(text: string, file: string): JsonObject {
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch (error) {
    throw new PotstillError('SCHEMA_INVALID', `${file}: not valid JSON: ${(error as Error).message}`)
  }
  if (!isJsonObject(schema))
    throw new PotstillError('SCHEMA_INVALID', `${file}: a JSON Schema must be an object`)
  return schema
}
