import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { plainForward } from '../../../../test/support/plain-forward.ts'
import { writeTinyModel, type TinyModelOptions } from '../../../../test/support/tiny-model.ts'
import type { BaseModel } from '../types.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { openDecoder, type Decoder } from './decoder.ts'
import type { WeightType } from './graph-builder.ts'

const shapes: readonly TinyModelOptions[] = [
  { family: 'llama' },
  { family: 'llama', ropeScaling: true, tiedEmbeddings: false, layers: 3 },
  { family: 'qwen2' },
  { family: 'qwen3' },
]

const tokens = Array.from({ length: 40 }, (_, i) => (i * 97 + 11) % 320)
let folder = ''

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-decoder-'))
})

afterAll(async () => {
  await Promise.all(opened.map((base) => base.close()))
  await rm(folder, { recursive: true })
})

const opened: BaseModel[] = []

async function openTiny(options: TinyModelOptions): Promise<BaseModel> {
  const base = await openBaseModel(await writeTinyModel(join(folder, JSON.stringify(options)), options))
  opened.push(base)
  return base
}

async function withDecoder(
  base: BaseModel,
  weights: WeightType,
  use: (decoder: Decoder) => Promise<void>,
): Promise<void> {
  const decoder = await openDecoder(base, { weights, rows: 3, contextTokens: 64, threads: 1 })
  try {
    decoder.cache.resize(64, [0, 0, 0])
    await use(decoder)
  } finally {
    await decoder.close()
  }
}

/** The root mean square of the difference between log-probabilities (R, V) and those of the expected logits. */
function difference(found: Float32Array, expected: readonly number[][]): number {
  const flat = expected.flatMap((logits) => {
    const logTotal = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))
    return logits.map((logit) => logit - logTotal)
  })
  expect(found).toHaveLength(flat.length)
  const squares = flat.reduce((sum, value, i) => sum + (value - found[i]) ** 2, 0)
  return Math.sqrt(squares / flat.length)
}

describe.each(shapes)('$family, tied embeddings $tiedEmbeddings', (options) => {
  it('gives the probabilities of a plain forward pass, for all tokens at once and for one after another', async () => {
    const base = await openTiny(options)
    const expected = await plainForward(base, tokens)
    await withDecoder(base, 'float32', async (decoder) => {
      const all = await decoder.run(
        1,
        [{ tokens, past: 0 }],
        tokens.map((_, i) => i),
      )
      expect(difference(all, expected)).toBeLessThan(1e-5)
      for (const [i, token] of tokens.entries()) {
        const logits = await decoder.run(0, [{ tokens: [token], past: i }], [0])
        expect(difference(logits, [expected[i]])).toBeLessThan(1e-5)
      }
    })
  })

  it('takes rows of different lengths on by different numbers of tokens', async () => {
    const base = await openTiny(options)
    await withDecoder(base, 'float32', async (decoder) => {
      const rows = [tokens.slice(0, 9), tokens.slice(5, 30), tokens.slice(2, 4)]
      await decoder.run(
        0,
        rows.map((row) => ({ tokens: row.slice(0, row.length / 2), past: 0 })),
        [0],
      )
      const inputs = rows.map((row) => ({
        tokens: row.slice(row.length / 2),
        past: Math.floor(row.length / 2),
      }))
      const lasts = inputs.map((_, i) =>
        inputs.slice(0, i + 1).reduce((sum, row) => sum + row.tokens.length, -1),
      )
      const logits = await decoder.run(0, inputs, lasts)
      const expected = await Promise.all(rows.map(async (row) => (await plainForward(base, row)).slice(-1)))
      expect(difference(logits, expected.flat())).toBeLessThan(1e-5)
    })
  })

  it('loses little with 8-bit weights', async () => {
    const base = await openTiny(options)
    const expected = await plainForward(base, tokens)
    await withDecoder(base, 'int8', async (decoder) => {
      const all = await decoder.run(
        0,
        [{ tokens, past: 0 }],
        tokens.map((_, i) => i),
      )
      const error = difference(all, expected)
      expect(error).toBeGreaterThan(1e-3)
      expect(error).toBeLessThan(0.1)
    })
  })
})

it('goes on from copied rows and after its places have changed', async () => {
  const base = await openTiny({ family: 'llama' })
  const expected = await plainForward(base, tokens)
  await withDecoder(base, 'float32', async (decoder) => {
    await decoder.run(0, [{ tokens: tokens.slice(0, 30), past: 0 }], [0])
    decoder.cache.copy(0, 2, 25)
    decoder.cache.resize(40, [0, 0, 25])
    decoder.cache.copy(2, 1, 20)
    decoder.cache.resize(48, [0, 20, 25])
    const inputs = [
      { tokens: tokens.slice(20, 24), past: 20 },
      { tokens: tokens.slice(25), past: 25 },
    ]
    const logits = await decoder.run(1, inputs, [3, 4])
    expect(difference(logits, [expected[23], expected[25]])).toBeLessThan(1e-5)
  })
})
