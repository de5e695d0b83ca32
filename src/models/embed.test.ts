import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startProvider, type FaultProvider, type OwnResponse } from '../../test/support/fault-provider.ts'
import type { Json } from '../core/json.ts'
import type { Store } from '../core/store.ts'
import { openStore } from '../store/sqlite-store.ts'
import { createBudget, type Budget } from './budget.ts'
import { createEmbedder, type Embedder } from './embed.ts'
import { loadPriceTable } from './prices.ts'
import { createConnections, type Connections } from './provider-model.ts'

let folder: string
let store: Store
let provider: FaultProvider
let replies: OwnResponse[]
let budget: Budget
let connections: Connections
let embedder: Embedder

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'potstill-embed-'))
  store = openStore(folder)
  replies = []
  provider = await startProvider({ fault: () => replies.shift() ?? { status: 500, body: '{}' } })
  budget = createBudget(1, 0)
  connections = createConnections({
    declared: { fake: { baseUrl: provider.baseUrl } },
    env: {},
    clock: { now: () => Date.now(), sleep: async () => {} } as never,
  })
  const prices = loadPriceTable({ 'fake/vectors': { input: 1000, output: 0 } })
  embedder = createEmbedder({ connections, store, budget, prices })
})
afterEach(async () => {
  await embedder.close()
  await connections.close()
  await store.close()
  await provider.close()
  rmSync(folder, { recursive: true, force: true })
})

const vectors = (data: Json): OwnResponse => ({
  status: 200,
  body: JSON.stringify({ data, usage: { prompt_tokens: 7, total_tokens: 7 } }),
})

it('gives the vectors in the order of the texts, and pays for the same texts once', async () => {
  replies.push(
    vectors([
      { index: 1, embedding: [0, 1] },
      { index: 0, embedding: [1, 0] },
    ]),
  )
  expect(await embedder.embed('fake/vectors', ['a', 'b'], 'run')).toEqual([
    [1, 0],
    [0, 1],
  ])
  expect(await embedder.embed('fake/vectors', ['a', 'b'], 'other')).toEqual([
    [1, 0],
    [0, 1],
  ])
  expect(provider.bodies.map((body) => JSON.parse(body) as Json)).toEqual([
    { model: 'vectors', input: ['a', 'b'], encoding_format: 'float' },
  ])
  expect(await store.spentUsd('run')).toBeCloseTo(0.007)
  expect(budget.spentUsd()).toBeCloseTo(0.007)
})

it.each([
  ['no vectors', [] as Json],
  ['too few', [{ embedding: [1, 2] }]],
  ['unequal ones', [{ embedding: [1, 2] }, { embedding: [1] }]],
  [
    'a hole',
    [
      { index: 0, embedding: [1] },
      { index: 0, embedding: [1] },
    ],
  ],
  ['no numbers', [{ embedding: ['1'] }, { embedding: ['2'] }]],
])('refuses a reply with %s', async (_, data) => {
  replies.push(vectors(data))
  await expect(embedder.embed('fake/vectors', ['a', 'b'], 'run')).rejects.toMatchObject({
    code: 'MODEL_REPLY_INVALID',
  })
})

it('does not ask where the budget is spent', async () => {
  const broke = createEmbedder({
    connections,
    store,
    budget: createBudget(0, 0),
    prices: loadPriceTable({ 'fake/vectors': { input: 1000, output: 0 } }),
  })
  await expect(broke.embed('fake/vectors', ['a'], 'run')).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
  expect(provider.bodies).toEqual([])
  await broke.close()
})
