/** Trains a student on files alone, as a fine-tuning job has them: the task is read off the examples. */
import { extname } from 'node:path'
import type { StepEvent } from '../core/event.ts'
import { inferOutput } from '../core/infer-schema.ts'
import { outputFields } from '../core/output-fields.ts'
import type { Json } from '../core/json.ts'
import type { Example } from '../core/row.ts'
import type { StudentKind, TrainedStudent, TrainOptions } from '../core/student.ts'
import type { Task, TaskOutput } from '../core/task.ts'
import { readRows } from '../data/read-rows.ts'
import { scanTraining, withoutLines } from '../data/scan-training.ts'
import { loadTokenCounter } from '../models/count-tokens.ts'
import { splitValidation, train } from '../steps/train/train.ts'
import { trainers } from '../students/registry.ts'

export interface NamedFile {
  readonly path: string
  /** What errors call it. */
  readonly name: string
}

export interface FileTraining {
  readonly kind: StudentKind
  readonly training: NamedFile
  readonly validation?: NamedFile
  /** Where the answers are known to be held to one; else it is inferred from them. */
  readonly output?: TaskOutput
  readonly origin: Example['origin']
  readonly options: TrainOptions
}

export interface FileTrained {
  readonly student: TrainedStudent
  /** Of one pass over the training rows, as OpenAI's newer models count. */
  readonly tokens: number
}

/** Below it the student is hardly worth its name. */
const fewRows = 10

/** @throws DATA_* naming file and line, TRAINING_REFUSED, TASK_UNSUPPORTED, and whatever the kind's trainer throws. */
export async function* trainOnFiles(job: FileTraining): AsyncGenerator<StepEvent, FileTrained> {
  const training = yield* readExamples(job, job.training)
  const validation = job.validation === undefined ? null : yield* readExamples(job, job.validation)
  const all = [...training.examples, ...(validation?.examples ?? [])]
  const output = job.output ?? inferOutput(...columns(all))
  const task: Task = {
    name: job.options.name,
    input: 'input',
    prompt: training.prompt,
    output,
    fields: outputFields(output),
  }
  yield { type: 'message', level: 'info', text: describe(task, training.examples.length) }
  if (training.examples.length < fewRows) {
    const text = `The training file has ${training.examples.length} examples; with fewer than ${fewRows} the student says little about the task.`
    yield { type: 'message', level: 'warning', text }
  }
  const data =
    validation === null
      ? splitValidation(training.examples, job.options.seed)
      : { training: training.examples, validation: validation.examples }
  const trainer = await trainers[job.kind]()
  const student = yield* train(trainer, task, data, job.options)
  return { student, tokens: await countTokens(training.examples) }
}

interface ReadFile {
  readonly examples: readonly Example[]
  readonly prompt: string
}

async function* readExamples(
  { origin }: FileTraining,
  { path, name }: NamedFile,
): AsyncGenerator<StepEvent, ReadFile> {
  const { prompts, moreThanText } = await scanTraining(path, { shownAs: name })
  const [[prompt, count]] = prompts
  if (prompts.length > 1) {
    const text = `${name} has ${prompts.length} different system messages; the student is told the most frequent, that of ${count} examples.`
    yield { type: 'message', level: 'warning', text }
  }
  const isLines = extname(path) === '.jsonl'
  if (isLines && moreThanText.size > 0) {
    const text = `${moreThanText.size} examples of ${name} are left out: they hold tool calls, images or audio, and a student learns text.`
    yield { type: 'message', level: 'warning', text }
  }
  const open = (): AsyncIterable<Uint8Array> => withoutLines(path, moreThanText, name)
  const examples: Example[] = []
  const options = { inputField: 'input', answers: 'required', shownAs: name } as const
  for await (const row of readRows(path, isLines ? { ...options, open } : options)) {
    examples.push({ row, output: row.expected as Json, origin })
  }
  return { examples, prompt }
}

function columns(examples: readonly Example[]): [outputs: Json[], inputs: string[]] {
  return [examples.map(({ output }) => output), examples.map(({ row }) => row.input)]
}

function describe({ output, fields }: Task, rows: number): string {
  const from = `${rows} examples`
  if (output.kind === 'text') return `${from} with free text as answer.`
  if (output.kind === 'labels') return `${from} with one of ${output.labels.length} labels as answer.`
  const shown = fields.map(({ path, kind }) => `${path} (${kind})`)
  const more = shown.length > 12 ? ` and ${shown.length - 12} more` : ''
  return `${from} with JSON as answer: ${shown.slice(0, 12).join(', ')}${more}.`
}

async function countTokens(examples: readonly Example[]): Promise<number> {
  const { ofText } = await loadTokenCounter()
  return examples.reduce((sum, { row, output }) => {
    const answer = typeof output === 'string' ? output : JSON.stringify(output)
    return sum + ofText(row.input) + ofText(answer)
  }, 0)
}
