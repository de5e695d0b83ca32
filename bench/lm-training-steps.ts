/**
 * The own side of lm-training.ts, in a process of its own: reads settings from the first line of standard input,
 * then takes one training step for each further line and prints what it took: {"ms", "peakBytes"}.
 */
import { createInterface } from 'node:readline'
import { createRandom, type Random } from '../src/core/random.ts'
import { clipByGlobalNorm, createAdamW } from '../src/engine/adamw.ts'
import { adapterLayout, initialParameters } from '../src/students/lm/network/adapter-layout.ts'
import type { MicroBatch } from '../src/students/lm/network/micro-batch.ts'
import { openNetwork } from '../src/students/lm/network/network.ts'
import { linearNames, type Architecture, type BaseModel } from '../src/students/lm/types.ts'
import { tensorShapes } from '../src/students/lm/weights/tensor-shapes.ts'

export interface StepSettings {
  readonly architecture: Architecture
  readonly threads: number
  readonly rank: number
  readonly rows: number
  /** Tokens of a row, and how many at its end are predicted. */
  readonly length: number
  readonly trained: number
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const first = await lines.next()
const step = await openStep(JSON.parse(String(first.value)) as StepSettings)
for (let turn = await lines.next(); turn.done !== true; turn = await lines.next()) {
  const started = performance.now()
  await step()
  // Linux counts in KiB.
  const peakBytes = 1024 * process.resourceUsage().maxRSS
  console.log(JSON.stringify({ ms: performance.now() - started, peakBytes }))
}

async function openStep(settings: StepSettings): Promise<() => Promise<void>> {
  const { architecture, rank, threads } = settings
  const random = createRandom(1)
  const layout = adapterLayout(architecture, { rank, alpha: 2 * rank, targets: linearNames })
  const parameters = initialParameters(architecture, layout, random)
  const gradients = new Float32Array(parameters.length)
  const optimiser = createAdamW({ parameters, gradients, learningRate: 1e-3 })
  const base = randomModel(architecture, random)
  const network = await openNetwork(base, layout, parameters, {
    threads,
    keepMerged: true,
    keepActivations: true,
  })
  const batch = randomBatch(settings, random)
  return async () => {
    gradients.fill(0)
    const { count } = await network.learn(batch, gradients)
    for (let i = 0; i < gradients.length; i++) gradients[i] /= count
    clipByGlobalNorm(gradients, 1)
    optimiser.step()
    network.parametersChanged()
  }
}

function randomModel(architecture: Architecture, random: Random): BaseModel {
  const shapes = tensorShapes(architecture)
  return {
    name: 'random',
    path: 'none',
    format: 'safetensors',
    sha256: '0'.repeat(64),
    architecture,
    tokenizer: { tokenizer: {}, config: {}, chatTemplate: '', endOfTurnIds: [0] },
    tensorNames: [...shapes.keys()],
    tensor(name) {
      const shape = shapes.get(name) ?? []
      const length = shape.reduce((product, size) => product * size, 1)
      const data = new Float32Array(length)
      for (let i = 0; i < length; i++) data[i] = shape.length === 1 ? 1 : 0.04 * (random.next() - 0.5)
      return Promise.resolve({ shape, data })
    },
    close: () => Promise.resolve(),
  }
}

function randomBatch({ architecture, rows, length, trained }: StepSettings, random: Random): MicroBatch {
  const ids = Int32Array.from({ length: rows * length }, () => random.below(architecture.vocabularySize))
  // The first token of a row has none before it.
  const from = Math.max(1, length - trained)
  const targets = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: length - from }, (__, i) => row * length + from - 1 + i),
  ).flat()
  return {
    shape: { shared: 0, rows, length },
    ids,
    targets: Int32Array.from(targets),
    labels: Int32Array.from(targets, (target) => ids[target + 1]),
    tokens: ids.length,
  }
}
