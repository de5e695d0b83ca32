/**
 * Trains a micro student as `potstill run` does and measures it: `npm run bench -- micro --data DIR [--seed N]
 * [--per-class N --draw-seed N] [--peer] [--python PATH]`.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { ChatModel } from '../src/core/chat-model.ts'
import { drain } from '../src/core/event.ts'
import { equalJson, valueAt, type Json } from '../src/core/json.ts'
import type { Example } from '../src/core/row.ts'
import type { Task } from '../src/core/task.ts'
import { createNearLeakCheck, findExactLeaks } from '../src/similarity/leaks.ts'
import { splitValidation, train } from '../src/steps/train/train.ts'
import { microTrainer } from '../src/students/micro/trainer.ts'
import { mean, measurePeer } from './micro-peer.ts'
import { drawPerAnswer, readFolder, type BenchData } from './micro-rows.ts'

export interface MicroScores {
  /** Share of test rows with every field right, 0..1. */
  readonly exactMatch: number
  /** Mean accuracy over `fields`. */
  readonly score: number
  readonly fields: Readonly<Record<string, number>>
  /** `exactMatch` on the test rows that have no near twin among the training rows. */
  readonly exactMatchWithoutTwins: number
  readonly nearTwins: number
  readonly trainSeconds: number
  readonly microsecondsPerAnswer: number
}

const twinSimilarity = 0.7

export async function benchMicro(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      seed: { type: 'string', default: '1' },
      'per-class': { type: 'string' },
      'draw-seed': { type: 'string', default: '1' },
      peer: { type: 'boolean', default: false },
      python: { type: 'string', default: 'python3' },
    },
  })
  if (values.data === undefined) throw new Error('Give --data DIR, a folder with train.jsonl and test.jsonl.')
  const all = await readFolder(values.data)
  const perClass = values['per-class']
  const training =
    perClass === undefined
      ? all.training
      : drawPerAnswer(all.training, Number(perClass), Number(values['draw-seed']))
  const data = { ...all, training }
  const scores = await measureMicro(data, Number(values.seed))
  const peer = values.peer ? await measurePeer(data, values.python, ['svc', 'lr']) : null
  const result = peer === null ? scores : { ...scores, peer }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
}

/** Trains in a folder that is gone afterwards; `look` may use the student before. */
export async function measureMicro(
  data: BenchData,
  seed: number,
  look: (folder: string) => Promise<void> = async () => undefined,
): Promise<MicroScores> {
  const parent = await mkdtemp(join(tmpdir(), 'potstill-bench-'))
  const folder = join(parent, 'student')
  try {
    const split = splitValidation(data.training, seed)
    const start = performance.now()
    const training = train(microTrainer, data.task, split, { name: 'bench', version: 1, seed, folder })
    await drain(training, (event) => {
      if (event.type !== 'train') return
      const heldOut = event.validationLoss === null ? '' : `, held out ${event.validationLoss.toFixed(3)}`
      process.stderr.write(`${event.part} ${event.epoch}: loss ${event.trainLoss.toFixed(3)}${heldOut}\n`)
    })
    const trainSeconds = (performance.now() - start) / 1000
    await look(folder)
    const model = await microTrainer.open(folder)
    const answers = await answerAll(model, data.test)
    return { ...judge(data, answers.outputs), trainSeconds, microsecondsPerAnswer: answers.microseconds }
  } finally {
    await rm(parent, { recursive: true })
  }
}

/** One answer at a time, the first 200 twice, so that the time is that of a process that has answered before. */
async function answerAll(
  model: ChatModel,
  test: readonly Example[],
): Promise<{ outputs: readonly Json[]; microseconds: number }> {
  const ask = async ({ row }: Example): Promise<Json> => {
    const reply = await model.complete({ messages: [{ role: 'user', content: row.input }] })
    return parse(reply.content)
  }
  for (const example of test.slice(0, 200)) await ask(example)
  const outputs: Json[] = []
  const start = performance.now()
  for (const example of test) outputs.push(await ask(example))
  return { outputs, microseconds: (1000 * (performance.now() - start)) / test.length }
}

/** An answer of a task of labels is the label itself. */
function parse(content: string): Json {
  try {
    return JSON.parse(content) as Json
  } catch {
    return content
  }
}

function judge(
  { task, training, test }: BenchData,
  outputs: readonly Json[],
): Omit<MicroScores, 'trainSeconds' | 'microsecondsPerAnswer'> {
  const correct = task.fields.map((field) => rightRows(field, test, outputs))
  const whole = test.map((_, row) => correct.every((right) => right[row]))
  const texts = (examples: readonly Example[]): string[] => examples.map(({ row }) => row.input)
  const near = createNearLeakCheck(twinSimilarity)(texts(test), texts(training))
  const exact = findExactLeaks(texts(test), texts(training))
  const alone = whole.filter((_, row) => near[row] === null && exact[row] === null)
  const fields = task.fields.map(({ path }, index) => [path, share(correct[index])] as const)
  return {
    exactMatch: share(whole),
    score: mean(fields.map(([, accuracy]) => accuracy)),
    fields: Object.fromEntries(fields),
    exactMatchWithoutTwins: share(alone),
    nearTwins: test.length - alone.length,
  }
}

/** A key that is absent says the same as null here. */
export function rightRows(
  { segments }: Pick<Task['fields'][number], 'segments'>,
  test: readonly Example[],
  outputs: readonly Json[],
): readonly boolean[] {
  return test.map(({ output }, row) =>
    equalJson(valueAt(output, segments) ?? null, valueAt(outputs[row], segments) ?? null),
  )
}

function share(right: readonly boolean[]): number {
  return right.filter(Boolean).length / right.length
}
