/** potstill export: a student for elsewhere. */
import { existsSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Manifest } from '../../core/student.ts'
import type { CommandContext, CommandDefinition } from '../command.ts'

/** What was written, and the words that say how to use it. */
interface Exported {
  readonly json: Readonly<Record<string, unknown>>
  readonly text: string
}

const forms = 'module, peft, safetensors, gguf-f16, gguf-q8_0, gguf-lora'

export const exportStudent: CommandDefinition = {
  name: 'export',
  positional: '<model> [target]',
  summary:
    'write the student for elsewhere: an ES module, or weights for llama.cpp, Ollama, vLLM and transformers',
  description:
    'A micro student becomes one ES module without imports that runs in Node, a browser or an edge worker; TARGET is its file, <name>.js when left out, and the types are written beside it. An lm student becomes weights with tokenizer and template; TARGET is their folder, <name>-<format> when left out.',
  options: [
    {
      flags: '--format <format>',
      description: `${forms}; module for a micro student and gguf-q8_0 for an lm student when left out`,
    },
    { flags: '--force', description: 'overwrite the file if it is there' },
    { flags: '--json', description: 'print JSON, and only JSON, on stdout' },
  ],
  async action(context) {
    const { namedStudent } = await import('../open-named-student.ts')
    const { readManifest } = await import('../../students/student-folder.ts')
    const { studentKinds } = await import('../../students/registry.ts')
    const folder = await namedStudent(context.positional[0], context)
    const manifest = await readManifest(folder, studentKinds)
    const exported = await exporters[manifest.kind](folder, manifest, context)
    context.stdout.write(
      context.options['json'] === true ? `${JSON.stringify(exported.json)}\n` : exported.text,
    )
    return 0
  },
}

type Exporter = (folder: string, manifest: Manifest, context: CommandContext) => Promise<Exported>

const exporters: Record<Manifest['kind'], Exporter> = { micro: exportMicro, lm: exportLanguageModel }

async function exportMicro(folder: string, manifest: Manifest, context: CommandContext): Promise<Exported> {
  const { PotstillError } = await import('../../core/errors.ts')
  const { exportModule } = await import('../../students/micro/export.ts')
  await formatOf(context, ['module'], manifest)
  const target = resolve(context.workingDirectory, context.positional[1] ?? `${manifest.name}.js`)
  if (existsSync(target) && context.options['force'] !== true) {
    throw new PotstillError('FILE_EXISTS', `${target} is there already`, {
      hint: 'Give another name, or --force.',
    })
  }
  await exportModule(folder, target)
  const bytes = statSync(target).size
  const gzipBytes = gzipSync(await readFile(target)).length
  const name = target.split(/[\\/]/).at(-1)
  return {
    json: { file: target, bytes, gzipBytes },
    text: `${target}  ${megabytes(bytes)}, ${megabytes(gzipBytes)} gzipped\n  import { answer } from './${name}'\n  answer('...')   // { output, confidence }\n`,
  }
}

async function exportLanguageModel(
  folder: string,
  manifest: Manifest,
  context: CommandContext,
): Promise<Exported> {
  const { exportFormats } = await import('../../students/lm/export/export-lm.ts')
  const { exportLmStudent } = await import('../../students/lm/export-student.ts')
  const format = await formatOf(context, exportFormats, manifest, 'gguf-q8_0')
  const target = resolve(context.workingDirectory, context.positional[1] ?? `${manifest.name}-${format}`)
  const names = await exportLmStudent(folder, target, format)
  const files = names.map((name) => ({ file: join(target, name), bytes: statSync(join(target, name)).size }))
  const lines = files.map(({ file, bytes }) => `${file}  ${megabytes(bytes)}\n`)
  return {
    json: { folder: target, format, files },
    text: `${lines.join('')}  ${howToLoad[format](target, names)}\n`,
  }
}

/** For whoever has never loaded such a file. */
const howToLoad: Readonly<Record<string, (folder: string, names: readonly string[]) => string>> = {
  peft: (folder) =>
    `peft: AutoPeftModelForCausalLM.from_pretrained("${folder}"); vllm serve BASE --enable-lora --lora-modules student=${folder}`,
  safetensors: (folder) =>
    `transformers: AutoModelForCausalLM.from_pretrained("${folder}"); vllm serve ${folder}`,
  'gguf-f16': (folder, [name]) =>
    `llama-server -m ${join(folder, name)}; Ollama: a Modelfile with "FROM ${join(folder, name)}"`,
  'gguf-q8_0': (folder, [name]) =>
    `llama-server -m ${join(folder, name)}; Ollama: a Modelfile with "FROM ${join(folder, name)}"`,
  'gguf-lora': (folder, [name]) => `llama-server -m BASE.gguf --lora ${join(folder, name)}`,
}

async function formatOf<Format extends string>(
  { options }: CommandContext,
  formats: readonly Format[],
  { kind }: Manifest,
  usual: Format = formats[0],
): Promise<Format> {
  const asked = options['format']
  const found = asked === undefined ? usual : formats.find((format) => format === asked)
  if (found !== undefined) return found
  const { PotstillError } = await import('../../core/errors.ts')
  throw new PotstillError('USAGE', `--format ${JSON.stringify(asked)} is none of kind ${kind}'s`, {
    hint: `There is: ${formats.join(', ')}.`,
  })
}

function megabytes(size: number): string {
  return `${(size / 1e6).toFixed(2)} MB`
}
