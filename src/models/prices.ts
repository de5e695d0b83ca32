/** What tokens cost: the dated table that is shipped (prices.json), the user's own prices over it, and sums. */
import { readFileSync } from 'node:fs'
import type { Usage } from '../core/chat-model.ts'

/** US dollars per million tokens. */
export interface Price {
  readonly input: number
  readonly cachedInput: number
  readonly output: number
}

export interface PriceTable {
  /** The day of the shipped prices, "2026-11-06". */
  readonly asOf: string
  readonly source: string
  /** By model: "openai/gpt-6-sol". */
  readonly models: Readonly<Record<string, Price>>
  /** Models whose price the config gives. */
  readonly own: ReadonlySet<string>
}

/** A price as a config gives it: what was cached costs as much as the rest unless it says otherwise. */
export interface PriceSetting {
  readonly input: number
  readonly cachedInput?: number
  readonly output: number
}

interface PriceFile {
  readonly asOf: string
  readonly source: string
  readonly models: Readonly<Record<string, PriceSetting>>
}

/** The shipped table with `overrides` (config key `prices`) over it. */
export function loadPriceTable(overrides: Readonly<Record<string, PriceSetting>> = {}): PriceTable {
  const file = JSON.parse(readFileSync(new URL('../../prices.json', import.meta.url), 'utf8')) as PriceFile
  const models = Object.entries({ ...file.models, ...overrides }).map(
    ([model, { input, cachedInput, output }]) =>
      [model, { input, cachedInput: cachedInput ?? input, output }] as const,
  )
  const own = new Set(Object.keys(overrides))
  return { asOf: file.asOf, source: file.source, models: Object.fromEntries(models), own }
}

/** The price of a model, or of the model that a dated name is a version of; null when it is not known. */
export function findPrice(table: PriceTable, model: string): Price | null {
  const name = nameIn(table, model)
  return name === undefined ? null : table.models[name]
}

/** Where a price comes from, for the report. */
export function describePrice(table: PriceTable, model: string): string {
  const name = nameIn(table, model)
  if (name === undefined) return `a price that is not known for ${model} (config key prices)`
  return table.own.has(name) ? 'the prices of the config' : `prices of ${table.asOf}`
}

function nameIn(table: PriceTable, model: string): string | undefined {
  const undated = model.replace(/-\d{4}-\d{2}-\d{2}$/, '')
  return [model, undated].find((candidate) => Object.hasOwn(table.models, candidate))
}

/** US dollars for one reply. */
export function priceOf(price: Price, usage: Usage): number {
  const fresh = usage.promptTokens - usage.cachedPromptTokens
  const sum =
    fresh * price.input + usage.cachedPromptTokens * price.cachedInput + usage.completionTokens * price.output
  return sum / 1_000_000
}

export interface CallsEstimate {
  readonly calls: number
  /** Tokens of all calls together. */
  readonly promptTokens: number
  readonly completionTokens: number
}

/** What calls will cost, with the arithmetic to show; nothing is counted as cached. `usd` is null without a price. */
export function estimateUsd(
  model: string,
  price: Price | null,
  { calls, promptTokens, completionTokens }: CallsEstimate,
): { readonly usd: number | null; readonly text: string } {
  const tokens = `${calls} calls, ${promptTokens} prompt and ${completionTokens} completion tokens`
  if (price === null)
    return { usd: null, text: `${model}: ${tokens}; its price is not known (config key prices)` }
  const usd = priceOf(price, { promptTokens, completionTokens, cachedPromptTokens: 0 })
  const rates = `$${price.input} and $${price.output} per million`
  return { usd, text: `${model}: ${tokens} at ${rates} = $${usd.toFixed(usd < 1 ? 4 : 2)}` }
}
