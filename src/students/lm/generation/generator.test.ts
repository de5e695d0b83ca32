import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { plainForward } from '../../../../test/support/plain-forward.ts'
import { writeTinyModel } from '../../../../test/support/tiny-model.ts'
import { createRandom } from '../../../core/random.ts'
import { createSchemaValidator } from '../../../core/schema-validator.ts'
import type { JsonObject } from '../../../core/json.ts'
import { createConstraint } from '../constrain/constraint.ts'
import { createTokenizer, type TextTokenizer } from '../text/tokenizer.ts'
import type { BaseModel, GenerationRequest, LoraAdapter } from '../types.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { openDecoder, type Decoder } from './decoder.ts'
import { createGenerator, type ScoringGenerator } from './generator.ts'
import { openLocalGenerator } from './open-generator.ts'

let folder = ''
let base: BaseModel
let tokenizer: TextTokenizer
const open: ScoringGenerator[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-generator-'))
  base = await openBaseModel(await writeTinyModel(join(folder, 'llama')))
  tokenizer = createTokenizer(base.tokenizer)
})

afterEach(async () => {
  await Promise.all(open.splice(0).map((generator) => generator.close()))
})

afterAll(async () => {
  await base.close()
  await rm(folder, { recursive: true })
})

async function openTiny(
  settings: { slots?: number; contextTokens?: number; adapter?: LoraAdapter; model?: BaseModel } = {},
): Promise<ScoringGenerator> {
  const { model = base, adapter = null, ...rest } = settings
  const local = { base: model, adapter, weights: 'float32', threads: 1, slots: 4, ...rest } as const
  const generator = await openLocalGenerator(local)
  open.push(generator)
  return generator
}

function request(text: string, more: Partial<GenerationRequest> = {}): GenerationRequest {
  return { prompt: tokenizer.encode(text), maxTokens: 12, temperature: 0, seed: 1, ...more }
}

/** The tokens that a plain forward pass over everything before finds likeliest, one after another. */
async function plainGreedy(model: BaseModel, prompt: Int32Array, count: number): Promise<number[]> {
  const tokens = [...prompt]
  while (tokens.length < prompt.length + count) {
    const logits = (await plainForward(model, tokens)).at(-1) as number[]
    tokens.push(logits.indexOf(Math.max(...logits)))
    if (model.tokenizer.endOfTurnIds.includes(tokens.at(-1) as number)) return tokens.slice(prompt.length, -1)
  }
  return tokens.slice(prompt.length)
}

const texts = Array.from({ length: 11 }, (_, i) => `Question ${'and more '.repeat(i)}${i}?`)

describe('greedy answers', () => {
  it.each(['llama', 'qwen2', 'qwen3'] as const)('are those of a plain forward pass, %s', async (family) => {
    const model = await openBaseModel(await writeTinyModel(join(folder, family), { family, seed: 5 }))
    const generator = await openTiny({ model })
    const { tokens } = await generator.generate(request('Tell me about it'))
    expect(tokens.length).toBeGreaterThan(0)
    expect(tokens).toEqual(await plainGreedy(model, tokenizer.encode('Tell me about it'), 12))
    await model.close()
  })

  it('are the same alone, together, and in another order', async () => {
    const [alone, together] = [await openTiny({ slots: 1 }), await openTiny({ slots: 4 })]
    const expected = []
    for (const text of texts) expected.push((await alone.generate(request(text))).tokens)
    const once = await Promise.all(texts.map((text) => together.generate(request(text))))
    expect(once.map(({ tokens }) => tokens)).toEqual(expected)
    const reversed = await Promise.all(texts.toReversed().map((text) => together.generate(request(text))))
    expect(reversed.map(({ tokens }) => tokens)).toEqual(expected.toReversed())
  })

  it('use the adapter', async () => {
    const random = createRandom(3)
    const numbers = (): Float32Array => Float32Array.from({ length: 64 }, () => random.normal())
    const pairs = new Map([['model.layers.1.self_attn.o_proj', { a: numbers(), b: numbers() }]])
    const adapter: LoraAdapter = { rank: 2, alpha: 4, targets: ['self_attn.o_proj'], pairs }
    const adapted = await (await openTiny({ adapter })).generate(request('Hello'))
    const plain = await (await openTiny()).generate(request('Hello'))
    expect(adapted.tokens).not.toEqual(plain.tokens)
  })

  it('go on with a beginning that an earlier prompt had, and in a cache that grows and shrinks', async () => {
    const long = 'A system turn that all prompts of a task share. '.repeat(8)
    const prompts = [`${long}One?`, 'Short', `${long}Two, which is longer?`, `${long}One?`, 'Sh', `${long}3`]
    const [fresh, used] = [await openTiny({ slots: 1 }), await openTiny({ slots: 2 })]
    for (const prompt of prompts) {
      const expected = await plainGreedy(base, tokenizer.encode(prompt), 3)
      const answers = await Promise.all(
        [fresh, used, used].map((generator) => generator.generate(request(prompt, { maxTokens: 3 }))),
      )
      for (const { tokens } of answers) expect(tokens).toEqual(expected)
    }
  })
})

describe('sampled answers', () => {
  const sampled = (seed: number): GenerationRequest =>
    request('Once upon a time', { temperature: 1, topP: 0.9, seed, maxTokens: 20 })

  it('are the same for the same seed whatever else is answered, and others for others', async () => {
    const generator = await openTiny()
    const alone = await generator.generate(sampled(7))
    const [, , beside] = await Promise.all([1, 2, 7, 3, 4].map((seed) => generator.generate(sampled(seed))))
    expect(beside.tokens).toEqual(alone.tokens)
    expect(beside.logProbability).toBeCloseTo(alone.logProbability, 3)
    const others = await Promise.all([8, 9].map((seed) => generator.generate(sampled(seed))))
    for (const other of others) expect(other.tokens).not.toEqual(alone.tokens)
  })

  it('have the log-probability that scoring gives them', async () => {
    const generator = await openTiny()
    const answer = await generator.generate({ ...sampled(5), logprobs: 3 })
    const ended = answer.finishReason === 'stop' ? tokenizer.endOfTurnIds.slice(0, 1) : []
    const scores = await generator.score(
      tokenizer.encode('Once upon a time'),
      Int32Array.from([...answer.tokens, ...ended]),
    )
    const total = scores.reduce((sum, score) => sum + score, 0)
    expect(answer.choices).toBe(scores.length)
    expect(answer.logProbability).toBeCloseTo(total, 3)
    for (const [i, { logprob, alternatives }] of (answer.logprobs ?? []).entries()) {
      expect(logprob).toBeCloseTo(scores[i], 3)
      expect(alternatives.map((other) => other.logprob)).toEqual(
        alternatives.map((other) => other.logprob).toSorted((a, b) => b - a),
      )
      expect(alternatives).toHaveLength(3)
    }
  })
})

describe('constrained answers', () => {
  const schema: JsonObject = {
    type: 'object',
    properties: {
      intent: { enum: ['refund', 'return', 'other'] },
      note: { type: 'string', maxLength: 12 },
      count: { type: 'integer', minimum: 0, maximum: 99 },
    },
    required: ['intent', 'note', 'count'],
    additionalProperties: false,
  }

  it('are valid however they are sampled, beside answers that are free', async () => {
    const generator = await openTiny()
    const validate = createSchemaValidator(schema)
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, seed) =>
        generator.generate(
          request('Sort this', {
            temperature: seed % 3,
            seed,
            maxTokens: 90,
            ...(seed % 4 === 3 ? {} : { constraint: { kind: 'json', schema } }),
          }),
        ),
      ),
    )
    for (const [seed, { text, finishReason, choices, tokens }] of answers.entries()) {
      if (seed % 4 === 3) continue
      expect(finishReason).toBe('stop')
      expect(validate(JSON.parse(text))).toBeNull()
      // What can only follow is not chosen, and so not counted.
      expect(choices).toBeLessThan(tokens.length)
    }
  })

  it('are one of the labels, and sure where there is one label', async () => {
    const generator = await openTiny()
    const labels = ['yes', 'no', 'perhaps']
    const answer = await generator.generate(request('Well?', { constraint: { kind: 'labels', labels } }))
    expect(labels).toContain(answer.text)
    expect(answer.logProbability).toBeLessThan(0)
    const only = await generator.generate(
      request('Well?', { constraint: { kind: 'labels', labels: ['yes'] } }),
    )
    expect(only).toMatchObject({ text: 'yes', finishReason: 'stop', logProbability: 0, choices: 0 })
  })
})

describe('the end of an answer', () => {
  it('comes at a stop text that lies across tokens, which is never streamed in part', async () => {
    const generator = await openTiny()
    const whole = await generator.generate(request('Go', { maxTokens: 40 }))
    const stop = whole.text.slice(9, 14)
    const at = whole.text.indexOf(stop)
    const pieces: string[] = []
    const stopped = await generator.generate(request('Go', { maxTokens: 40, stop: ['never there', stop] }), {
      onText: (text) => pieces.push(text),
    })
    expect(stopped).toMatchObject({ text: whole.text.slice(0, at), finishReason: 'stop' })
    expect(pieces.join('')).toBe(stopped.text)
    expect(stopped.tokens.length).toBeLessThan(whole.tokens.length)
  })

  it('comes when there is no room left', async () => {
    const generator = await openTiny({ contextTokens: 20 })
    const prompt = tokenizer.encode('abcdefgh').slice(0, 8)
    const answer = await generator.generate(request('', { prompt, maxTokens: 500, seed: 2 }))
    expect(answer.finishReason).toBe('length')
    expect(answer.tokens).toHaveLength(20 - prompt.length)
  })

  it('refuses a prompt without room for an answer, and an empty one', async () => {
    const generator = await openTiny({ contextTokens: 20 })
    for (const prompt of [new Int32Array(20), new Int32Array(0)]) {
      await expect(generator.generate(request('', { prompt }))).rejects.toMatchObject({
        code: 'MODEL_REQUEST_REFUSED',
        message: `The prompt has ${prompt.length} tokens; it must have 1 to 19`,
      })
    }
  })
})

it('takes rows on together: one run a prompt, then one for all answers', async () => {
  const decoder = await openDecoder(base, { weights: 'float32', rows: 4, contextTokens: 64, threads: 1 })
  let runs = 0
  const counting: Decoder = {
    ...decoder,
    run: (...inputs) => {
      runs++
      return decoder.run(...inputs)
    },
  }
  const generator = createGenerator({
    decoder: counting,
    tokenizer: { ...tokenizer, endOfTurnIds: [] },
    createConstraint,
  })
  open.push(generator)
  const prompts = ['One', 'Two, or more', 'Three', 'Four', 'Five', 'Six'].map((text) => request(text))
  await Promise.all(prompts.map((one) => generator.generate(one)))
  // Of 12 tokens the first comes with the prompt; four rows, so that two wait for the others.
  expect(runs).toBe(prompts.length + 11 + 11)
})

describe('giving up', () => {
  it('rejects a cancelled request with the reason, and gives its row to the next', async () => {
    const generator = await openTiny({ slots: 1 })
    const abort = new AbortController()
    const reason = new Error('enough')
    let given = ''
    const long = generator.generate(request('Go', { maxTokens: 2000 }), {
      signal: abort.signal,
      onText: (text) => {
        given += text
        abort.abort(reason)
      },
    })
    const next = generator.generate(request('Tell me about it'))
    const waiting = generator.generate(request('Me too'), { signal: abort.signal })
    await expect(long).rejects.toBe(reason)
    await expect(waiting).rejects.toBe(reason)
    expect(given.length).toBeGreaterThan(0)
    const expected = await plainGreedy(base, tokenizer.encode('Tell me about it'), 12)
    expect((await next).tokens).toEqual(expected)
    await expect(generator.generate(request('Go'), { signal: abort.signal })).rejects.toBe(reason)
  })

  it('fails a request whose reader fails, and no other', async () => {
    const generator = await openTiny()
    const failing = generator.generate(request('Go'), {
      onText: () => {
        throw new Error('the reader is gone')
      },
    })
    const other = generator.generate(request('Go'))
    await expect(failing).rejects.toThrow('the reader is gone')
    expect((await other).tokens.length).toBeGreaterThan(0)
  })

  it('fails what is under way when it is closed', async () => {
    const generator = await openTiny({ slots: 1 })
    const answers = [request('Go', { maxTokens: 2000 }), request('Wait')].map((one) =>
      generator.generate(one),
    )
    const settled = Promise.allSettled(answers)
    await generator.close()
    for (const answer of await settled) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'INTERRUPTED' } })
    }
    await expect(generator.generate(request('Go'))).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })
})
