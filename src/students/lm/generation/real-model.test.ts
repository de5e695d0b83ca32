/** A published model, with POTSTILL_TEST_MODEL (a GGUF file) and POTSTILL_TEST_PYTHON (with transformers and gguf). */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { createConstraint } from '../constrain/constraint.ts'
import { createTokenizer } from '../text/tokenizer.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { openDecoder } from './decoder.ts'
import { createGenerator } from './generator.ts'
import type { WeightType } from './graph-builder.ts'

const file = process.env['POTSTILL_TEST_MODEL']
const python = process.env['POTSTILL_TEST_PYTHON']
const tokens = 24

const texts = [
  'The capital of France is',
  'Once upon a time, in a village by the sea, there lived',
  'Dear customer,\n\nthank you for your message about the invoice of 3 March. ',
  'def fibonacci(n):\n',
  'Der Zug nach München fährt um',
]

/** Answers of so many tokens, all at once, whatever the tokens are. */
async function answersOf(weights: WeightType): Promise<(readonly number[])[]> {
  const base = await openBaseModel(file ?? '')
  const decoder = await openDecoder(base, { weights, rows: 4, contextTokens: 256, threads: 2 })
  await base.close()
  const tokenizer = { ...createTokenizer(base.tokenizer), endOfTurnIds: [] }
  const generator = createGenerator({ decoder, tokenizer, createConstraint })
  const answers = await Promise.all(
    texts.map((text) =>
      generator.generate({
        prompt: tokenizer.encode(text),
        maxTokens: tokens,
        temperature: 0,
        seed: 1,
      }),
    ),
  )
  await generator.close()
  return answers.map((answer) => answer.tokens)
}

async function transformersAnswers(): Promise<number[][]> {
  const base = await openBaseModel(file ?? '')
  await base.close()
  const tokenizer = createTokenizer(base.tokenizer)
  const prompts = texts.map((text) => [...tokenizer.encode(text)])
  const { stdout, stderr } = spawnSync(
    python ?? '',
    ['test/support/greedy-answers.py', file ?? '', String(tokens)],
    { input: JSON.stringify(prompts), encoding: 'utf8' },
  )
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as number[][]
}

describe.skipIf(file === undefined || python === undefined)('a published GGUF file', () => {
  it('gives greedy answers in float32 that are those of transformers', async () => {
    expect(await answersOf('float32')).toEqual(await transformersAnswers())
  })

  it('mostly goes on as before with 8-bit weights', async () => {
    const [rounded, exact] = [await answersOf('int8'), await answersOf('float32')]
    const firsts = rounded.filter((answer, i) => answer[0] === exact[i][0])
    expect(firsts.length).toBeGreaterThanOrEqual(texts.length - 1)
  })
})
