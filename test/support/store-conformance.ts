/** The suite that every implementation of Store passes. It is called from a test file, with a way to open a store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LoggedCall, Store } from '../../src/core/store.ts'

export function aCall(values: Partial<LoggedCall> = {}): LoggedCall {
  return {
    key: 'key',
    provider: 'https://api.example/v1',
    model: 'example/model',
    run: 'run',
    request: '{"messages":[]}',
    status: 200,
    response: '{"choices":[]}',
    latencyMs: 12.5,
    priceUsd: 0.25,
    finishedAtMs: 1_700_000_000_000,
    ...values,
  }
}

/** `open` gives a new store on the same data each time; `reset` makes that data empty. */
export function describeStore(name: string, open: () => Promise<Store>, reset: () => Promise<void>): void {
  describe(`${name} as a store`, () => {
    let store: Store
    beforeEach(async () => {
      await reset()
      store = await open()
    })
    afterEach(() => store.close())
    describeCalls(() => store, open)
    describeStarts(() => store, open)
  })
}

function describeCalls(store: () => Store, open: () => Promise<Store>): void {
  it('gives back a committed call exactly as it came', async () => {
    const call = aCall({
      response: 'no JSON: \u2028 "quotes" \u{1F600} \n\t ü',
      request: '{"a":"é"}',
      latencyMs: 1 / 3,
    })
    await store().commitCall(call)
    expect(await store().findCall('key')).toEqual(call)
  })

  it('knows nothing of a call that was not committed', async () => {
    expect(await store().findCall('key')).toBeNull()
  })

  it('ignores a second call with the same key', async () => {
    await store().commitCall(aCall())
    await store().commitCall(aCall({ response: 'another', priceUsd: 9 }))
    expect(await store().findCall('key')).toEqual(aCall())
    expect(await store().spentUsd('run')).toBe(0.25)
  })

  it('shows a committed call to another process that has the data open', async () => {
    const other = await open()
    await store().commitCall(aCall())
    expect(await other.findCall('key')).toEqual(aCall())
    await other.close()
  })

  it('keeps calls when it is closed and opened again', async () => {
    await store().commitCall(aCall())
    await store().close()
    const again = await open()
    expect(await again.findCall('key')).toEqual(aCall())
    await again.close()
  })

  it('sums what each run has spent, unknown prices left out', async () => {
    await Promise.all([
      store().commitCall(aCall({ key: 'a', priceUsd: 0.5 })),
      store().commitCall(aCall({ key: 'b', priceUsd: null })),
      store().commitCall(aCall({ key: 'c', priceUsd: 0.25 })),
      store().commitCall(aCall({ key: 'd', priceUsd: 8, run: 'other' })),
    ])
    expect(await store().spentUsd('run')).toBe(0.75)
    expect(await store().spentUsd('no such run')).toBe(0)
  })

  it('takes many calls at once and loses none', async () => {
    const calls = Array.from({ length: 500 }, (_, i) => aCall({ key: `key ${i}`, priceUsd: 1 }))
    await Promise.all(calls.map((call) => store().commitCall(call)))
    expect(await store().spentUsd('run')).toBe(500)
    expect(await store().findCall('key 499')).toEqual(calls[499])
  })

  it('keeps requests apart that begin alike', async () => {
    const guide = 'Sort messages by what they ask for. \u{1F600}'.repeat(30)
    const requests = ['a', 'ab', '', '\u{1F600}b', '\u{1F601}b', 'a'.repeat(600), 'a'.repeat(601)].map(
      (end) => guide + end,
    )
    for (const request of [...requests, guide.slice(0, 100), guide.slice(0, 600)]) {
      await store().commitCall(aCall({ key: request, request }))
    }
    for (const request of requests) expect((await store().findCall(request))?.request).toBe(request)
  })

  it('takes a reply of several megabytes', async () => {
    const call = aCall({ response: 'ü'.repeat(3_000_000) })
    await store().commitCall(call)
    expect((await store().findCall('key'))?.response).toBe(call.response)
  })

  it('writes what was handed over before it closes', async () => {
    const written = store().commitCall(aCall())
    await store().close()
    await written
    const again = await open()
    expect(await again.findCall('key')).toEqual(aCall())
    await again.close()
  })
}

function describeStarts(store: () => Store, open: () => Promise<Store>): void {
  const start = { key: 'key', run: 'run', startedAtMs: 1000 }

  it('tells the next process what was under way', async () => {
    await store().startCall(start)
    await store().startCall({ ...start, key: 'older', startedAtMs: 500 })
    await store().startCall({ ...start, key: 'elsewhere', run: 'other' })
    const other = await open()
    expect(await other.unfinishedCalls('run')).toEqual([{ ...start, key: 'older', startedAtMs: 500 }, start])
    await other.close()
  })

  it('forgets the start of a call that got its reply', async () => {
    await store().startCall(start)
    await store().commitCall(aCall())
    expect(await store().unfinishedCalls('run')).toEqual([])
  })

  it('forgets the start of a call that was turned down', async () => {
    await store().startCall(start)
    await store().dropStart('key')
    expect(await store().unfinishedCalls('run')).toEqual([])
  })

  it('notes a start once, however often the call is tried', async () => {
    await store().startCall(start)
    await store().startCall({ ...start, startedAtMs: 2000 })
    expect(await store().unfinishedCalls('run')).toEqual([{ ...start, startedAtMs: 2000 }])
  })

  it('clears the starts of one run and leaves those of others', async () => {
    await store().startCall(start)
    await store().startCall({ ...start, key: 'elsewhere', run: 'other' })
    await store().clearUnfinished('run')
    expect(await store().unfinishedCalls('run')).toEqual([])
    expect(await store().unfinishedCalls('other')).toHaveLength(1)
  })
}
