import { expect, it } from 'vitest'
import { waveArchitecture } from '../../../../test/support/wave-model.ts'
import { adapterLayout } from '../network/adapter-layout.ts'
import { linearNames, type Architecture, type TrainingSequence } from '../types.ts'
import { availableBytes, planMemory, type MemoryPlan } from './memory-plan.ts'

/** SmolLM2-135M. */
const architecture: Architecture = {
  ...waveArchitecture('llama'),
  vocabularySize: 49_152,
  hiddenSize: 576,
  layers: 30,
  heads: 9,
  keyValueHeads: 3,
  headSize: 64,
  feedForwardSize: 1536,
}

const row: TrainingSequence = {
  ids: new Int32Array(256),
  trained: new Uint8Array(256).fill(1, 200),
  sharedPrefix: 0,
}

function plan(available: number): MemoryPlan {
  const layout = adapterLayout(architecture, { rank: 8, alpha: 16, targets: linearNames })
  return planMemory({
    architecture,
    layout,
    sequences: [row, row, row, row],
    shared: 0,
    batchSize: 4,
    available,
  })
}

it('takes the fastest way where there is room, and a smaller one that fits where there is less', () => {
  const roomy = plan(16e9)
  expect(roomy).toMatchObject({ keepMerged: true, keepActivations: true, limits: { tokens: 1024 } })
  const plans = [4e9, 2.6e9, 2e9, 1.6e9].map((available) => ({ available, ...plan(available) }))
  for (const { available, estimate } of plans) expect(estimate.total).toBeLessThan(0.9 * available)
  expect(plans[2].limits.tokens).toBeLessThan(1024)
  expect(plans[2].keepActivations).toBe(true)
  expect(plans[3].keepMerged).toBe(false)
  expect(plan(1.35e9).keepActivations).toBe(false)
})

it('refuses with figures where even the smallest way does not fit', () => {
  expect(() => plan(0.5e9)).toThrow(
    expect.objectContaining({
      code: 'MEMORY_EXCEEDED',
      message: expect.stringMatching(
        /^Training needs \d\.\d GB at the least \(weights 0\.6 GB, rows of up to 256 tokens .* and 0\.5 GB are free/,
      ) as string,
    }),
  )
})

it('knows how much memory is free', () => {
  expect(availableBytes()).toBeGreaterThan(1e6)
})
