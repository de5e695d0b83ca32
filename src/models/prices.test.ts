import { describe, expect, it } from 'vitest'
import { describePrice, estimateUsd, findPrice, loadPriceTable, priceOf } from './prices.ts'

const table = loadPriceTable({
  'local/m': { input: 1, output: 4 },
  'openai/gpt-6-luna': { input: 9, output: 9 },
})

describe('loadPriceTable', () => {
  it('has the shipped prices with their date, and the own ones over them', () => {
    expect(table.asOf).toMatch(/^\d{4}-\d{2}-\d{2}$/)
    expect(findPrice(table, 'openai/gpt-6-sol')).toEqual({ input: 2, cachedInput: 0.2, output: 10 })
    expect(findPrice(table, 'openai/gpt-6-luna')).toEqual({ input: 9, cachedInput: 9, output: 9 })
    expect(describePrice(table, 'openai/gpt-6-luna')).toBe('the prices of the config')
    expect(describePrice(table, 'openai/gpt-6-sol')).toBe(`prices of ${table.asOf}`)
  })

  it('finds the price of a dated name, and none for what it does not know', () => {
    expect(findPrice(table, 'openai/gpt-4o-2024-08-06')).toEqual(findPrice(table, 'openai/gpt-4o'))
    expect(findPrice(table, 'openai/gpt-4o-mini-2024-07-18')).toEqual(findPrice(table, 'openai/gpt-4o-mini'))
    expect(findPrice(table, 'openai/no-such-model')).toBeNull()
    expect(findPrice(table, 'constructor')).toBeNull()
    expect(describePrice(table, 'x/y')).toContain('not known for x/y')
  })
})

describe('priceOf', () => {
  it('counts cached prompt tokens at their own price', () => {
    const usage = { promptTokens: 1_000_000, cachedPromptTokens: 400_000, completionTokens: 100_000 }
    expect(priceOf({ input: 2, cachedInput: 0.2, output: 10 }, usage)).toBeCloseTo(1.2 + 0.08 + 1, 10)
  })
})

describe('estimateUsd', () => {
  const tokens = { calls: 900, promptTokens: 700_000, completionTokens: 50_000 }

  it('shows its arithmetic', () => {
    expect(estimateUsd('openai/gpt-6-sol', findPrice(table, 'openai/gpt-6-sol'), tokens)).toEqual({
      usd: 1.9,
      text: 'openai/gpt-6-sol: 900 calls, 700000 prompt and 50000 completion tokens at $2 and $10 per million = $1.90',
    })
  })

  it('says that a price is not known instead of guessing one', () => {
    const { usd, text } = estimateUsd('x/y', null, tokens)
    expect(usd).toBeNull()
    expect(text).toContain('not known')
  })
})
