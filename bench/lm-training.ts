/**
 * Training steps of the lm student beside PyTorch's with peft, step by step in turn:
 * `npm run bench -- lm-training --python PATH [--rounds 5] [--trained 64]`. Shapes of SmolLM2-135M with random
 * weights, F32, LoRA on every linear map. Fails below 0.9 of the peer's throughput, or above its peak memory.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { StepSettings } from './lm-training-steps.ts'

const leastRatio = 0.9

const smolLm2: StepSettings['architecture'] = {
  family: 'llama',
  vocabularySize: 49_152,
  hiddenSize: 576,
  layers: 30,
  heads: 9,
  keyValueHeads: 3,
  headSize: 64,
  feedForwardSize: 1536,
  contextLength: 2048,
  normEpsilon: 1e-5,
  ropeTheta: 10_000,
  tiedEmbeddings: true,
  attentionBias: false,
  queryKeyNorm: false,
}

interface Measurement {
  readonly ms: number
  readonly peakBytes: number
}

export async function benchLmTraining(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      python: { type: 'string', default: 'python3' },
      rounds: { type: 'string', default: '5' },
      threads: { type: 'string', default: '2' },
      rows: { type: 'string', default: '4' },
      length: { type: 'string', default: '256' },
      /** Tokens at the end of each row that are predicted; all of them by default. */
      trained: { type: 'string' },
    },
  })
  const length = Number(values.length)
  const settings: StepSettings = {
    architecture: smolLm2,
    threads: Number(values.threads),
    rank: 8,
    rows: Number(values.rows),
    length,
    trained: Number(values.trained ?? length),
  }
  const own = startSteps(process.execPath, ['--import', 'tsx', filePath('lm-training-steps.ts')], settings)
  const peer = startSteps(values.python, [filePath('lm-training-peer.py')], settings)
  try {
    const pairs: { readonly own: Measurement; readonly peer: Measurement }[] = []
    for (let round = 0; round <= Number(values.rounds); round++) {
      const pair = { own: await own.step(), peer: await peer.step() }
      // The first steps open sessions and touch memory for the first time.
      if (round > 0) pairs.push(pair)
    }
    report(settings, pairs)
  } finally {
    own.close()
    peer.close()
  }
}

function report(
  { rows, length, trained }: StepSettings,
  pairs: readonly { readonly own: Measurement; readonly peer: Measurement }[],
): void {
  const tokens = rows * length
  const rate = (steps: readonly Measurement[]): number =>
    Math.round(tokens / (median(steps.map(({ ms }) => ms)) / 1000))
  const peak = (steps: readonly Measurement[]): number =>
    Number((Math.max(...steps.map(({ peakBytes }) => peakBytes)) / 1e9).toFixed(2))
  const own = pairs.map((pair) => pair.own)
  const peer = pairs.map((pair) => pair.peer)
  const ratio = Number(median(pairs.map((pair) => pair.peer.ms / pair.own.ms)).toFixed(2))
  const figures = {
    rows,
    length,
    trained,
    rounds: pairs.length,
    tokensPerSecond: rate(own),
    peerTokensPerSecond: rate(peer),
    /** Median over the rounds of the peer's time to the own. */
    ratio,
    peakGigabytes: peak(own),
    peerPeakGigabytes: peak(peer),
  }
  console.log(JSON.stringify(figures, null, 2))
  if (ratio < leastRatio || figures.peakGigabytes > figures.peerPeakGigabytes) process.exitCode = 1
}

function filePath(name: string): string {
  return new URL(name, import.meta.url).pathname
}

/** A process that takes a step for each line that it is given. */
function startSteps(
  command: string,
  words: readonly string[],
  settings: StepSettings,
): { step(): Promise<Measurement>; close(): void } {
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.on('error', (error) => process.stderr.write(`${command}: ${error.message}\n`))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  child.stdin.on('error', () => {})
  child.stdin.write(`${JSON.stringify(settings)}\n`)
  return {
    async step() {
      child.stdin.write('step\n')
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${command} ${words.join(' ')} ended before its step did`)
      return JSON.parse(value) as Measurement
    },
    close: () => void child.kill(),
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}
