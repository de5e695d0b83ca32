/** Trains the run's student, and the one before it: the same kind of student on people's labels alone. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { StepEvent } from '../core/event.ts'
import { hashJson } from '../core/hash.ts'
import type { Example } from '../core/row.ts'
import type { HeldOutAnswer, LanguageModelOptions, Manifest } from '../core/student.ts'
import { splitValidation, train } from '../steps/train/train.ts'
import { trainers } from '../students/registry.ts'
import type { Curated } from './gather-examples.ts'
import type { Session } from './session.ts'

export interface StudentResult {
  /** The student's folder. */
  readonly folder: string
  readonly manifest: Manifest
  readonly heldOut: readonly HeldOutAnswer[]
  readonly seconds: number
  readonly sizeBytes: number
  /** Over everything in the folder, by way of the manifest's file hashes. */
  readonly hash: string
  readonly summary: string
}

export async function* trainStudent(
  session: Session,
  curated: Curated,
): AsyncGenerator<StepEvent, StudentResult> {
  return yield* trainOn(session, 'train', 'the student', curated.examples)
}

/** null without labelled rows, when there is nothing to learn from yet, or without any others, when it is the student. */
export async function* trainOnLabels(session: Session): AsyncGenerator<StepEvent, StudentResult | null> {
  const examples = session.labelledExamples()
  // A language model needs no examples to answer: before is the untuned one.
  if (examples.length === 0 || session.config.student.kind === 'lm') return null
  return yield* trainOn(
    session,
    'train-before',
    `the student before, on ${examples.length} labelled rows`,
    examples,
  )
}

async function* trainOn(
  session: Session,
  id: string,
  title: string,
  examples: readonly Example[],
): AsyncGenerator<StepEvent, StudentResult> {
  const { config, task, seed, run, signal } = session
  const base = await session.base()
  const step = yield* session.step<{
    'manifest-of-student.json': Manifest
    'held-out.jsonl': readonly HeldOutAnswer[]
  }>({
    step: 'train',
    id,
    title,
    inputs: {
      task,
      seed,
      student: config.student,
      base: base?.identity ?? null,
      version: run.manifest.number,
      examples: hashJson(examples.map(({ row, output, soft }) => [row.key, row.group, output, soft ?? null])),
    },
    async *work(folder) {
      const trainer = await trainers[config.student.kind]()
      const { manifest, heldOut } = yield* train(trainer, task, splitValidation(examples, seed), {
        name: config.name,
        version: run.manifest.number,
        seed,
        folder: join(folder, 'student'),
        signal,
        checkpoint: session.path(`${id}.checkpoint`),
        ...(base === null ? {} : { lm: { ...languageModelOptions(config.student), base: base.path } }),
        ...(config.student.epochs === undefined ? {} : { epochs: config.student.epochs }),
      })
      return {
        artifacts: { 'manifest-of-student.json': manifest, 'held-out.jsonl': heldOut },
        finished: `${manifest.training.rows} rows${manifest.interrupted ? ', interrupted: the best so far' : ''}`,
        // Ended by the user before its time: good for this report, trained to the end by the next run.
        incomplete: manifest.interrupted,
      }
    },
  })
  const manifest = step.artifacts['manifest-of-student.json']
  const folder = join(step.folder, 'student')
  const sizeBytes = await folderSize(folder)
  return {
    folder,
    manifest,
    heldOut: step.artifacts['held-out.jsonl'],
    seconds: step.manifest.seconds,
    sizeBytes,
    hash: hashJson(manifest),
    summary: `${config.name}@${run.manifest.number}: trained on ${manifest.training.rows} rows in ${step.manifest.seconds.toFixed(1)} s, ${(sizeBytes / 1e6).toFixed(1)} MB in ${folder}`,
  }
}

function languageModelOptions({
  rank,
  learningRate,
  batchSize,
  weights,
}: Session['config']['student']): Omit<LanguageModelOptions, 'base'> {
  return {
    ...(rank === undefined ? {} : { rank }),
    ...(learningRate === undefined ? {} : { learningRate }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(weights === undefined ? {} : { weights }),
  }
}

async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
