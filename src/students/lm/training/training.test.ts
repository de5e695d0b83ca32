import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinySequences, tinyTraining, type TinyTraining } from '../../../../test/support/tiny-training.ts'
import { drain, type StepEvent, type TrainProgress } from '../../../core/event.ts'
import type { Architecture } from '../types.ts'
import { describeOverfitting } from './overfitting.ts'
import { chooseSettings, type ChosenSettings } from './settings.ts'
import { trainAdapter, type TrainAdapterOptions, type TrainedAdapter } from './train-adapter.ts'
import { trainInProcess } from './train-in-process.ts'
import type { TrainingInput } from './training-calls.ts'

let folder = ''
let tiny: TinyTraining
const open: TinyTraining[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-training-'))
  tiny = await openTiny('llama')
})
afterAll(async () => {
  for (const { base } of open) await base.close()
  await rm(folder, { recursive: true, force: true })
})

async function openTiny(family: Architecture['family']): Promise<TinyTraining> {
  const opened = await tinyTraining(join(folder, family), { family })
  open.push(opened)
  return opened
}

/** Random weights need larger steps than a model that can speak. */
const chosen: ChosenSettings = { rank: 4, learningRate: 0.02 }

let lastCheckpoint = 0
function newCheckpoint(): string {
  return join(folder, `checkpoint-${++lastCheckpoint}`)
}

function inputOf(
  { base, encoder }: TinyTraining,
  rows: number,
  more: Partial<TrainingInput> = {},
): TrainingInput {
  return {
    basePath: base.path,
    sequences: tinySequences(encoder, rows),
    validation: tinySequences(encoder, 6, { seed: 2 }),
    settings: chooseSettings(rows, chosen),
    seed: 1,
    checkpointFolder: newCheckpoint(),
    ...more,
  }
}

async function train(input: TrainingInput, signal = new AbortController().signal) {
  const events: StepEvent[] = []
  const outcome = await trainInProcess(input, { emit: (event) => events.push(event), signal })
  return { outcome, events }
}

describe.each(['llama', 'qwen2', 'qwen3'] satisfies Architecture['family'][])('family %s', (family) => {
  it('learns: the losses fall, held out ones too', async () => {
    const model = await openTiny(family)
    const { outcome } = await train(
      inputOf(model, 60, { settings: chooseSettings(60, { ...chosen, epochs: 4 }) }),
    )
    const { curve } = outcome
    const [first] = curve
    const last = curve.at(-1) as TrainProgress
    expect(last.trainLoss).toBeLessThan(0.5 * first.trainLoss)
    expect(last.validationLoss).toBeLessThan(first.validationLoss ?? 0)
    expect(last.validationAccuracy).toBeGreaterThan(0.6)
    expect(outcome.tokensPerSecond).toBeGreaterThan(0)
  })
})

it('learns ten rows without rule by heart, keeps the best epoch and says so', async () => {
  const rows = {
    sequences: tinySequences(tiny.encoder, 8, { learnable: false }),
    validation: tinySequences(tiny.encoder, 6, { learnable: false, seed: 2 }),
  }
  const settings = { ...chooseSettings(8, { rank: 16, learningRate: 0.005 }), epochs: 30 }
  const { outcome } = await train(inputOf(tiny, 8, { ...rows, settings }))
  const overfitting = describeOverfitting(outcome.curve)
  expect(overfitting.detected).toBe(true)
  expect(overfitting.text).toMatch(
    /^The held-out loss rose from \d\.\d+ \(epoch \d+\) to \d\.\d+ \(epoch \d+\) while the training loss fell .* was kept\.$/,
  )
  const losses = outcome.curve.map((line) => line.validationLoss ?? 0)
  const best = losses.indexOf(Math.min(...losses))
  expect(outcome.curve[best].best).toBe(true)
  expect(outcome.curve.length).toBe(best + 3)
  // What was kept is what training up to the best epoch gives.
  const impatient = inputOf(tiny, 8, { ...rows, settings: { ...settings, patience: 1 } })
  const { outcome: again } = await train(impatient)
  expect(again.curve.length).toBe(best + 2)
  expect(again.parameters).toEqual(outcome.parameters)
})

it('gives the same parameters for one seed, and others for another', async () => {
  const settings = chooseSettings(10, { ...chosen, epochs: 1 })
  const [first, again, other] = [
    await train(inputOf(tiny, 10, { settings })),
    await train(inputOf(tiny, 10, { settings })),
    await train(inputOf(tiny, 10, { settings, seed: 2 })),
  ]
  expect(again.outcome.parameters).toEqual(first.outcome.parameters)
  expect(other.outcome.parameters).not.toEqual(first.outcome.parameters)
})

it('keeps the last epoch where nothing is held out', async () => {
  const { outcome } = await train(inputOf(tiny, 4, { validation: [] }))
  expect(outcome.curve).toHaveLength(12)
  expect(outcome.curve.every((line) => line.validationLoss === null)).toBe(true)
  expect(describeOverfitting(outcome.curve)).toEqual({
    detected: false,
    text: 'Nothing was held out, so overfitting could not be seen.',
  })
})

function adapterOptions(rows: number, more: Partial<TrainAdapterOptions> = {}): TrainAdapterOptions {
  return { ...tiny, ...inputOf(tiny, rows), chosen, ...more }
}

async function collect(
  options: TrainAdapterOptions,
): Promise<{ trained: TrainedAdapter; events: StepEvent[] }> {
  const events: StepEvent[] = []
  const trained = await drain(trainAdapter(options), (event) => events.push(event))
  return { trained, events }
}

it('trains in a process of its own: shows a row first, then steps and epochs, and leaves no checkpoint', async () => {
  const options = adapterOptions(10, { chosen: { ...chosen, epochs: 2 } })
  const { trained, events } = await collect(options)
  expect(events[0]).toMatchObject({ type: 'message', level: 'info' })
  expect(events[0]).toMatchObject({
    text: expect.stringMatching(/⟦(?:yes|no|maybe)<\|im_end\|>⟧$/) as string,
  })
  const steps = events.filter((event) => event.type === 'progress')
  expect(steps.map(({ done, total }) => `${done}/${total}`)).toEqual(
    Array.from({ length: 10 }, (_, i) => `${i + 1}/10`),
  )
  expect(steps[0].detail).toMatch(/^\d+ tokens\/s, loss \d+\.\d{3}$/)
  expect(events.filter((event) => event.type === 'train')).toEqual(trained.curve)
  expect(trained.interrupted).toBe(false)
  expect(trained.adapter.pairs.size).toBe(2 * 7)
  expect(trained.adapter.pairs.get('model.layers.1.mlp.down_proj')?.b.some((x) => x !== 0)).toBe(true)
  await expect(access(options.checkpointFolder)).rejects.toThrow('ENOENT')
})

it('keeps the best so far when it is stopped', async () => {
  const abort = new AbortController()
  const events = trainAdapter(adapterOptions(40, { signal: abort.signal }))
  const { trained } = await (async () => {
    for (;;) {
      const turn = await events.next()
      if (turn.done === true) return { trained: turn.value }
      if (turn.value.type === 'train') abort.abort()
    }
  })()
  expect(trained.interrupted).toBe(true)
  expect(trained.curve.length).toBeLessThan(6)
  expect(trained.adapter.pairs.get('model.layers.0.mlp.down_proj')?.b.some((x) => x !== 0)).toBe(true)
})

it('goes on after kill -9 and ends with the same parameters, bit for bit', async () => {
  const options = adapterOptions(12)
  const whole = await collect({ ...options, checkpointFolder: newCheckpoint() })
  const script = `
    import { tinySequences } from './test/support/tiny-training.ts'
    import { createChatEncoder } from './src/students/lm/text/encode-conversation.ts'
    import { openBaseModel } from './src/students/lm/weights/base-model.ts'
    import { trainAdapter } from './src/students/lm/training/train-adapter.ts'
    const [basePath, cache, checkpointFolder, chosen] = process.argv.slice(1)
    const base = await openBaseModel(basePath, { cache })
    const encoder = createChatEncoder(base.tokenizer)
    const sequences = tinySequences(encoder, 12)
    const validation = tinySequences(encoder, 6, { seed: 2 })
    const options = { base, encoder, sequences, validation, chosen: JSON.parse(chosen), seed: 1, checkpointFolder }
    for await (const event of trainAdapter(options)) if (event.type === 'train') console.log(event.epoch)
  `
  const words = [tiny.base.path, folder, options.checkpointFolder, JSON.stringify(chosen)]
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script, ...words])
  await once(child.stdout, 'data')
  child.kill('SIGKILL')
  await once(child, 'exit')
  const rest = await collect(options)
  const texts = rest.events.flatMap((event) => (event.type === 'message' ? [event.text] : []))
  expect(texts).toContainEqual(
    expect.stringMatching(/^Training goes on from its checkpoint, after \d+ epochs/),
  )
  expect(rest.trained.adapter).toEqual(whole.trained.adapter)
  expect(rest.trained.curve).toEqual(whole.trained.curve)
})

it('refuses rows that are longer than the model reads, and rows without anything to learn', async () => {
  const [row] = tinySequences(tiny.encoder, 1)
  const long = { ...row, ids: new Int32Array(4097), trained: new Uint8Array(4097).fill(1) }
  await expect(collect(adapterOptions(1, { sequences: [row, long] }))).rejects.toMatchObject({
    code: 'TRAINING_REFUSED',
    message: 'Row 2 has 4097 tokens, and llama takes 4096.',
  })
  const masked = { ...row, trained: new Uint8Array(row.ids.length) }
  await expect(collect(adapterOptions(1, { sequences: [masked] }))).rejects.toMatchObject({
    code: 'TRAINING_REFUSED',
    message: 'Nothing is learned from row 1: all of it is masked out.',
  })
})
