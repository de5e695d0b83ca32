import { afterEach, expect, it } from 'vitest'
import { waveModel } from '../../../../test/support/wave-model.ts'
import { createRandom } from '../../../core/random.ts'
import { adapterLayout, initialParameters } from '../network/adapter-layout.ts'
import { openNetwork, type Network } from '../network/network.ts'
import type { TrainingSequence } from '../types.ts'
import { chooseSettings } from './settings.ts'
import {
  initialState,
  trainParameters,
  type TrainedParameters,
  type TrainingState,
  type TrainingTask,
} from './training-loop.ts'

const base = waveModel('llama')
const settings = { ...chooseSettings(10, { rank: 2, learningRate: 0.01 }), epochs: 3 }
const layout = adapterLayout(base.architecture, settings)
const task: TrainingTask = {
  sequences: randomSequences(10, 1),
  validation: randomSequences(3, 2),
  settings,
  seed: 1,
  shared: 0,
  limits: { tokens: 24, multiple: 4 },
}

function randomSequences(count: number, seed: number): TrainingSequence[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => {
    const ids = Int32Array.from({ length: 4 + random.below(12) }, () => random.below(48))
    return { ids, trained: new Uint8Array(ids.length).fill(1, 3), sharedPrefix: 0 }
  })
}

const open: Network[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((network) => network.close()))
})

function newState(): TrainingState {
  return initialState(initialParameters(base.architecture, layout, createRandom(1)))
}

/** Each look at the clock takes `msPerLook`; gives the outcome with a copy of each state that was saved. */
async function train(
  state: TrainingState,
  { msPerLook = 0, signal = new AbortController().signal, task: changed = task } = {},
): Promise<{ readonly outcome: TrainedParameters; readonly saved: readonly TrainingState[] }> {
  const options = { keepMerged: true, keepActivations: true }
  const network = await openNetwork(base, layout, state.arrays.parameters, options)
  open.push(network)
  const saved: TrainingState[] = []
  let now = 0
  const outcome = await trainParameters(changed, state, {
    network,
    emit: () => {},
    now: () => (now += msPerLook),
    save: async (current) => void saved.push(structuredClone(current)),
    signal,
  })
  return { outcome, saved }
}

it('goes on from any state that it saved and ends with the same parameters, bit for bit', async () => {
  const { outcome, saved } = await train(newState(), { msPerLook: 10_000 })
  // Five steps an epoch, and more saved states than ends of epochs.
  expect(saved.length).toBeGreaterThan(settings.epochs)
  const within = saved.filter(({ step }) => step > 0).slice(-4)
  expect(within.length).toBeGreaterThan(3)
  for (const state of within) {
    const { outcome: rest } = await train(state)
    expect(rest.parameters).toEqual(outcome.parameters)
    expect(rest.curve).toEqual(outcome.curve)
  }
})

it('saves at the end of each epoch when no time passes, and then has no rate to tell', async () => {
  const { outcome, saved } = await train(newState())
  expect(saved.map(({ epoch, step, steps }) => [epoch, step, steps])).toEqual([
    [1, 0, 5],
    [2, 0, 10],
    [3, 0, 15],
  ])
  expect(outcome.tokensPerSecond).toBeNull()
})

it('keeps what it has when it is stopped before the first epoch ends', async () => {
  const state = newState()
  const { outcome } = await train(state, { signal: AbortSignal.abort() })
  expect(outcome).toMatchObject({ interrupted: true, curve: [] })
  expect(outcome.parameters).toEqual(newState().arrays.parameters)
})

it('refuses to go on with a loss that is no number', async () => {
  const state = newState()
  state.arrays.parameters.fill(NaN)
  await expect(train(state)).rejects.toMatchObject({
    code: 'TRAINING_REFUSED',
    message: 'The loss is no longer a number in epoch 1, step 1.',
    hint: 'Lower the learning rate, now 0.01.',
  })
})
