/**
 * Speed of generation beside transformers and llama.cpp, in turn: `npm run bench -- lm-generation --model PATH
 * [--python PATH] [--tokens N] [--rounds N] [--threads N]`; and what 8-bit weights lose against float32.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { writeWhole } from '../src/core/write-whole.ts'
import { createConstraint } from '../src/students/lm/constrain/constraint.ts'
import { q8Zero } from '../src/students/lm/export/encode-values.ts'
import { ggufModelChunks } from '../src/students/lm/export/gguf-model.ts'
import { openDecoder, type Decoder } from '../src/students/lm/generation/decoder.ts'
import { createGenerator } from '../src/students/lm/generation/generator.ts'
import { createTokenizer, type TextTokenizer } from '../src/students/lm/text/tokenizer.ts'
import { openBaseModel } from '../src/students/lm/weights/base-model.ts'

const batchSize = 16
const contextTokens = 1024

/** One way to answer: gives the tokens of each answer, so many for each prompt whatever they are. */
type Answer = (prompts: readonly Int32Array[], tokens: number) => Promise<Timed | null>

interface Timed {
  readonly seconds: number
  readonly answers: readonly (readonly number[])[]
}

export async function benchLmGeneration(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      model: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      tokens: { type: 'string', default: '64' },
      rounds: { type: 'string', default: '3' },
      threads: { type: 'string', default: '2' },
    },
  })
  if (values.model === undefined) throw new Error('Give --model PATH, a GGUF file or a folder.')
  const [tokens, rounds, threads] = [values.tokens, values.rounds, values.threads].map(Number)
  const base = await openBaseModel(values.model)
  const folder = await mkdtemp(join(tmpdir(), 'potstill-generation-'))
  const gguf = join(folder, 'q8.gguf')
  await writeWhole(gguf, ggufModelChunks(base, q8Zero))
  const decoders = {
    int8: await openDecoder(base, { weights: 'int8', rows: batchSize, contextTokens, threads }),
    float32: await openDecoder(base, { weights: 'float32', rows: batchSize, contextTokens, threads }),
  }
  const peer = startPeer(values.python, [base.path, gguf, String(threads)])
  try {
    const tokenizer = createTokenizer(base.tokenizer)
    const prompts = Array.from({ length: batchSize }, (_, i) => promptOf(tokenizer, i))
    const batch = await inTurn(rounds, prompts, tokens, {
      int8: ours(decoders.int8, tokenizer),
      float32: ours(decoders.float32, tokenizer),
      transformers: peer.ask('transformers'),
    })
    const single = await inTurn(rounds, prompts.slice(0, 1), tokens, {
      int8: ours(decoders.int8, tokenizer),
      float32: ours(decoders.float32, tokenizer),
      'llama.cpp': peer.ask('llama.cpp'),
      transformers: peer.ask('transformers'),
    })
    const loss = await lossOfInt8(decoders, prompts, batch.float32.answers)
    const result = {
      model: base.name,
      threads,
      tokens,
      promptTokens: prompts.reduce((sum, prompt) => sum + prompt.length, 0) / batchSize,
      batchOf16: describe(batch, batchSize * tokens, 'transformers'),
      single: describe(single, tokens, 'llama.cpp' in single ? 'llama.cpp' : 'transformers'),
      sameTokensAsTransformers: agreement(batch.float32.answers, batch.transformers.answers),
      int8: loss,
    }
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  } finally {
    peer.close()
    await Promise.all(Object.values(decoders).map((decoder) => decoder.close()))
    await base.close()
    await rm(folder, { recursive: true })
  }
}

/** Prompts of different lengths that begin differently, so that nothing that was read before can be used again. */
function promptOf(tokenizer: TextTokenizer, index: number): Int32Array {
  const things = ['printer', 'invoice', 'password', 'delivery', 'subscription', 'refund', 'router', 'account']
  const text = `${index + 1} messages have come in about a ${things[index % things.length]}. `
  const rest = 'The customer writes that it stopped working last week and wants to know what can be done. '
  return tokenizer.encode(text + rest.repeat(2 + (index % 4)) + 'A helpful answer to the customer:\n\n')
}

/** As it is served, but that the end of the turn does not end an answer. */
function ours(decoder: Decoder, tokenizer: TextTokenizer): Answer {
  const generator = createGenerator({
    decoder,
    tokenizer: { ...tokenizer, endOfTurnIds: [] },
    createConstraint,
  })
  return async (prompts, maxTokens) => {
    const start = performance.now()
    const answers = await Promise.all(
      prompts.map((prompt) => generator.generate({ prompt, maxTokens, temperature: 0, seed: 1 })),
    )
    return { seconds: (performance.now() - start) / 1000, answers: answers.map((answer) => answer.tokens) }
  }
}

function startPeer(python: string, args: readonly string[]): { ask(engine: string): Answer; close(): void } {
  const script = new URL('lm-generation-peer.py', import.meta.url).pathname
  const child = spawn(python, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    ask: (engine) => async (prompts, tokens) => {
      const asked = { engine, prompts: prompts.map((prompt) => [...prompt]), tokens }
      child.stdin.write(`${JSON.stringify(asked)}\n`)
      const line = await lines.next()
      if (line.done === true) throw new Error(`${python} ${script} ended before it answered`)
      const answer = JSON.parse(line.value) as Timed | { readonly missing: string }
      return 'missing' in answer ? null : answer
    },
    close: () => child.kill(),
  }
}

type Rounds<Name extends string> = Record<Name, { seconds: number[]; answers: Timed['answers'] }>

/** Once unmeasured, then in turn, the order reversed every other round. A way that is missing is left out. */
async function inTurn<Name extends string>(
  rounds: number,
  prompts: readonly Int32Array[],
  tokens: number,
  ways: Readonly<Record<Name, Answer>>,
): Promise<Rounds<Name>> {
  const results: Partial<Rounds<Name>> = {}
  for (const name of Object.keys(ways) as Name[]) {
    const first = await ways[name](prompts, tokens)
    if (first !== null) results[name] = { seconds: [], answers: first.answers }
  }
  const names = Object.keys(results) as Name[]
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const timed = await ways[name](prompts, tokens)
      if (timed === null) continue
      ;(results as Rounds<Name>)[name].seconds.push(timed.seconds)
      const what = `${prompts.length} answers of ${tokens} tokens by ${name}`
      process.stderr.write(`round ${round + 1}: ${what} in ${timed.seconds.toFixed(2)} s\n`)
    }
  }
  return results as Rounds<Name>
}

/** Tokens a second, prompts' reading included, and the ratio to another way, both as medians over the rounds. */
function describe(results: Rounds<string>, tokens: number, beside: string): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(results).map(([name, { seconds }]) => {
      const ratios = seconds.map((time, round) => results[beside].seconds[round] / time)
      const rates = seconds.map((time) => tokens / time)
      return [
        name,
        { tokensPerSecond: rounded(median(rates)), [`timesAsFastAs ${beside}`]: rounded(median(ratios)) },
      ]
    }),
  )
}

/** Share of tokens before the first that differs, over all answers. */
function agreement(some: Timed['answers'], others: Timed['answers']): number {
  const same = some.map((tokens, i) => {
    const end = tokens.findIndex((token, place) => token !== others[i][place])
    return end === -1 ? tokens.length : end
  })
  return rounded(same.reduce((sum, count) => sum + count, 0) / some.flat().length)
}

/** Both read the same prompts and float32's answers; compared is what they expect after each token of the answers. */
async function lossOfInt8(
  { int8, float32 }: { readonly int8: Decoder; readonly float32: Decoder },
  prompts: readonly Int32Array[],
  answers: Timed['answers'],
): Promise<Record<string, number>> {
  const V = int8.architecture.vocabularySize
  const sums = { places: 0, same: 0, difference: 0, lost: 0 }
  for (const [i, prompt] of prompts.entries()) {
    const rows = [{ tokens: [...prompt, ...answers[i].slice(0, -1)], past: 0 }]
    const wanted = answers[i].map((_, place) => prompt.length - 1 + place)
    const rounding = await int8.run(0, rows, wanted)
    const exact = await float32.run(0, rows, wanted)
    for (let place = 0; place < wanted.length; place++) {
      const [a, b] = [rounding, exact].map((values) => values.subarray(place * V, (place + 1) * V))
      // Logits are free up to a constant.
      const shift = (sumOf(a) - sumOf(b)) / V
      const best = indexOfLargest(b)
      sums.places++
      sums.lost += b[best] - a[best]
      if (indexOfLargest(a) === best) sums.same++
      for (let id = 0; id < V; id++) sums.difference += Math.abs(a[id] - b[id] - shift) / V
    }
  }
  return {
    sameGreedyToken: rounded(sums.same / sums.places),
    meanLogitDifference: rounded(sums.difference / sums.places),
    meanLossOfLogProbability: rounded(sums.lost / sums.places),
  }
}

function sumOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0)
}

function indexOfLargest(values: Float32Array): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i
  return best
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
