import { afterEach, describe, expect, it } from 'vitest'
import { wave, waveModel } from '../../../../test/support/wave-model.ts'
import { linearNames, type Architecture, type BaseModel } from '../types.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'
import { adapterLayout, type AdapterLayout } from './adapter-layout.ts'
import reference from './gradient-reference.json' with { type: 'json' }
import type { MicroBatch } from './micro-batch.ts'
import { openNetwork, type Network, type NetworkOptions } from './network.ts'

const families = ['llama', 'qwen2', 'qwen3'] as const satisfies readonly Architecture['family'][]
const open: Network[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((network) => network.close()))
})

interface Opened {
  readonly base: BaseModel
  readonly layout: AdapterLayout
  readonly parameters: Float32Array
  readonly network: Network
}

async function openWave(
  family: Architecture['family'],
  options: NetworkOptions = { keepMerged: true, keepActivations: true },
): Promise<Opened> {
  const base = waveModel(family)
  const { rank, alpha } = reference
  const layout = adapterLayout(base.architecture, { rank, alpha, targets: linearNames })
  const parameters = new Float32Array(layout.size)
  for (let layer = 0; layer < base.architecture.layers; layer++) {
    for (const name of linearNames) {
      const [out, inner] = linearShapes(base.architecture)[name]
      const pair = layout.pair(parameters, layer, name)
      pair.a.set(wave(`model.layers.${layer}.${name}.lora_A.weight`, rank * inner))
      pair.b.set(wave(`model.layers.${layer}.${name}.lora_B.weight`, out * rank))
    }
  }
  const network = await openNetwork(base, layout, parameters, options)
  open.push(network)
  return { base, layout, parameters, network }
}

/** One row: the tokens from `trainedFrom` on are predicted. */
function oneRow(ids: readonly number[], trainedFrom: number): MicroBatch {
  const labels = ids.slice(trainedFrom)
  return {
    shape: { shared: 0, rows: 1, length: ids.length },
    ids: Int32Array.from(ids),
    targets: Int32Array.from(labels, (_, i) => trainedFrom - 1 + i),
    labels: Int32Array.from(labels),
    tokens: ids.length,
  }
}

describe.each(families)('the network of family %s', (family) => {
  const expected = reference.families[family]
  const batch = oneRow(expected.ids, expected.trainedFrom)

  it('gives the losses, logits and gradients of PyTorch', async () => {
    const { layout, network } = await openWave(family)
    const logits = await network.logits(batch)
    expectClose(logits.subarray(-48, -40), expected.lastLogits)
    const gradients = new Float32Array(layout.size)
    const { loss, count } = await network.learn(batch, gradients)
    expect(count).toBe(5)
    expectClose([loss], [expected.loss])
    expect((await network.measure(batch)).loss).toBeCloseTo(loss, 4)
    const recorded: Readonly<Record<string, { readonly norm: number; readonly first: readonly number[] }>> =
      expected.gradients
    expect(Object.keys(recorded)).toHaveLength(2 * 2 * linearNames.length)
    for (const [name, { norm, first }] of Object.entries(recorded)) {
      const [, layer, linear, factor] = /layers\.(\d)\.(.*)\.lora_(A|B)/.exec(name) as RegExpExecArray
      const pair = layout.pair(gradients, Number(layer), linear as (typeof linearNames)[number])
      const gradient = factor === 'A' ? pair.a : pair.b
      expectClose([Math.hypot(...gradient)], [norm])
      expectClose(gradient.subarray(0, 3), first, norm)
    }
  })

  it('gives the same whatever it keeps in memory', async () => {
    const all = await openWave(family)
    const none = await openWave(family, { keepMerged: false, keepActivations: false })
    const [first, second] = [new Float32Array(all.layout.size), new Float32Array(all.layout.size)]
    await all.network.learn(batch, first)
    await none.network.learn(batch, second)
    expect(second).toEqual(first)
  })

  it('gives the same for rows behind a shared beginning, padded, as for each row by itself', async () => {
    const { layout, network } = await openWave(family)
    const beginning = [7, 8, 9]
    const rows = [
      [1, 2, 3, 4],
      [5, 6, 11],
    ]
    // Each row's last two tokens are predicted.
    const together: MicroBatch = {
      shape: { shared: 3, rows: 2, length: 4 },
      ids: Int32Array.of(7, 8, 9, 1, 2, 3, 4, 5, 6, 11, 0),
      targets: Int32Array.of(4, 5, 7, 8),
      labels: Int32Array.of(3, 4, 6, 11),
      tokens: 10,
    }
    const apart = rows.map((row) => oneRow([...beginning, ...row], row.length + 1))
    const gradients = [new Float32Array(layout.size), new Float32Array(layout.size)]
    const losses = [await network.learn(together, gradients[0])]
    for (const row of apart) losses.push(await network.learn(row, gradients[1]))
    expectClose([losses[0].loss], [losses[1].loss + losses[2].loss])
    expectClose(gradients[0], [...gradients[1]], Math.hypot(...gradients[1]) / 10)
  })
})

it('sees changed parameters once it is told', async () => {
  const { parameters, network } = await openWave('llama')
  const batch = oneRow([1, 2, 3, 4], 1)
  const before = await network.measure(batch)
  parameters.fill(0)
  expect(await network.measure(batch)).toEqual(before)
  network.parametersChanged()
  expect((await network.measure(batch)).loss).not.toBe(before.loss)
})

it('gives up between layers when it is told to', async () => {
  const { network } = await openWave('llama')
  const signal = AbortSignal.abort()
  await expect(network.measure(oneRow([1, 2, 3, 4], 1), signal)).rejects.toThrow(/abort/i)
})

/** Each difference is at most 1e-4 of the largest expected number, or of `scale`. */
function expectClose(actual: ArrayLike<number>, expected: readonly number[], scale = 0): void {
  const largest = Math.max(scale, ...expected.map(Math.abs))
  const differences = expected.map((value, i) => Math.abs(value - actual[i]) / largest)
  expect(actual).toHaveLength(expected.length)
  expect(Math.max(...differences)).toBeLessThan(1e-4)
}
