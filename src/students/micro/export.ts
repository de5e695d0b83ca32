/** Exports a micro student as one ES module without imports, with its types beside it. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Manifest } from '../../core/student.ts'
import { readManifest } from '../student-folder.ts'
import { answerType } from './answer-type.ts'
import { bundleRuntime } from './bundle-runtime.ts'
import { packClassifier } from './classifier/pack-classifier.ts'
import type { Packed } from './held-out.ts'
import { readModel } from './student-files.ts'
import { packTagger } from './tagger/pack-tagger.ts'

/**
 * Writes `outputFile` and, beside it, the `.d.ts` of the same name, over what is there. The module exports
 * `answer(input)` and `manifest`, and runs wherever ES2022 and `atob` are: Node, browsers, edge workers.
 * Its weights are pruned and in 8 bits. Throws STUDENT_NOT_FOUND or STUDENT_DAMAGED.
 */
export async function exportModule(folder: string, outputFile: string): Promise<void> {
  const manifest = await readManifest(folder, ['micro'])
  const { plan, classifier, tagger } = await readModel(folder, manifest)
  const parts = [
    ...(classifier === null ? [] : [classifierSource(packClassifier(classifier, { quantised: true }))]),
    ...(tagger === null ? [] : [taggerSource(packTagger(tagger, { quantised: true }))]),
  ]
  const runtime = await bundleRuntime(['answer', ...parts.map(({ module }) => module)])
  const source = [
    '/** A student trained by potstill: answer(input) gives { output, confidence }. */',
    runtime,
    fromBase64,
    `const plan = ${literal(plan)}`,
    ...parts.map(({ load }) => load),
    answerSource(parts),
    `export const manifest = ${literal(describe(manifest))}\n`,
  ]
  await mkdir(dirname(outputFile), { recursive: true })
  await writeWhole(typesFileOf(outputFile), typesSource(manifest))
  await writeWhole(outputFile, source.join('\n\n'))
}

interface PartSource {
  readonly module: 'classifier' | 'tagger'
  readonly load: string
  readonly ask: string
}

function classifierSource(packed: Packed): PartSource {
  return {
    module: 'classifier',
    load: `const classifierModel = $classifier.unpackClassifier(${embed(packed)})`,
    ask: '$classifier.classify(classifierModel, text)',
  }
}

function taggerSource(packed: Packed): PartSource {
  return {
    module: 'tagger',
    load: `const taggerModel = $tagger.unpackTagger(${embed(packed)})`,
    ask: '$tagger.tag(taggerModel, text)',
  }
}

function answerSource(parts: readonly PartSource[]): string {
  const ask = (module: PartSource['module']): string =>
    parts.find((part) => part.module === module)?.ask ?? '{}'
  return `export function answer(input) {
  const text = String(input)
  return $answer.composeAnswer(plan, ${ask('classifier')}, ${ask('tagger')})
}`
}

const fromBase64 = `function fromBase64(text) {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}`

function embed({ header, bytes }: Packed): string {
  return `{ header: ${literal(header)}, bytes: fromBase64('${Buffer.from(bytes).toString('base64')}') }`
}

/** Parsed at run time: faster than an object literal, and "__proto__" stays a key like any other. */
function literal(value: unknown): string {
  return `JSON.parse(${JSON.stringify(JSON.stringify(value))})`
}

function describe({ name, version, task, training, expectedCalibrationError }: Manifest): object {
  const { rows, hash } = training
  return { name, version, output: task.output, training: { rows, hash }, expectedCalibrationError }
}

function typesSource({ name, version, task }: Manifest): string {
  return `/** The types of ${JSON.stringify(`${name}@${version}`)}, a student trained by potstill. */

export type Output = ${answerType(task.output)}

export interface Answer {
  readonly output: Output
  /** Calibrated probability that the whole output is right, 0..1. */
  readonly confidence: number
}

export function answer(input: string): Answer

export const manifest: {
  readonly name: string
  readonly version: number
  /** What it answers: a JSON Schema or labels. */
  readonly output: { readonly kind: string; readonly [key: string]: unknown }
  readonly training: { readonly rows: number; readonly hash: string }
  readonly expectedCalibrationError: number | null
}
`
}

function typesFileOf(file: string): string {
  return /\.m?js$/u.test(file) ? file.replace(/\.(m?)js$/u, '.d.$1ts') : `${file}.d.ts`
}

async function writeWhole(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  await writeFile(temporary, text)
  await rename(temporary, file)
}
