/** The suite that every implementation of Store passes. It is called from a test file, with a way to open a store. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Capture, CaptureFilter, LoggedCall, Page, Store, StoredRecord } from '../../src/core/store.ts'

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
    describeRecords(() => store, open)
    describeCaptures(() => store, open)
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

function aRecord(values: Partial<StoredRecord> = {}): StoredRecord {
  return {
    kind: 'file',
    id: 'file-1',
    parent: null,
    createdAtMs: 1_700_000_000_000,
    body: { a: 1 },
    ...values,
  }
}

function describeRecords(store: () => Store, open: () => Promise<Store>): void {
  const all: Page = { limit: 100, order: 'asc' }
  const put = (values: Partial<StoredRecord>): Promise<void> => store().putRecord(aRecord(values))
  const ids = async (page: Page, parent?: string): Promise<string[]> =>
    (await store().listRecords('file', page, parent)).map(({ id }) => id)
  const several = async (): Promise<void> => {
    for (const id of ['c', 'a', 'd', 'b']) await put({ id })
  }

  it('gives back a record exactly as it was put', async () => {
    const body = { text: 'a\0b \u2028 \ud800 \u{1F600}', list: [1, null, { deep: 0.1 }], none: null }
    await put({ body, parent: 'p' })
    expect(await store().findRecord('file', 'file-1')).toEqual(aRecord({ body, parent: 'p' }))
    expect(await store().findRecord('job', 'file-1')).toBeNull()
    expect(await store().findRecord('file', 'file-2')).toBeNull()
  })

  it('lists records by order of adding, whatever their ids and times', async () => {
    await several()
    await put({ id: 'early', createdAtMs: 1 })
    await put({ kind: 'job', id: 'a' })
    expect(await ids(all)).toEqual(['c', 'a', 'd', 'b', 'early'])
    expect(await ids({ ...all, order: 'desc' })).toEqual(['early', 'b', 'd', 'a', 'c'])
  })

  it('pages in both orders from the last id of the page before', async () => {
    await several()
    expect(await ids({ limit: 2, order: 'asc' })).toEqual(['c', 'a'])
    expect(await ids({ limit: 2, order: 'asc', after: 'a' })).toEqual(['d', 'b'])
    expect(await ids({ limit: 2, order: 'desc', after: 'd' })).toEqual(['a', 'c'])
    expect(await ids({ limit: 2, order: 'asc', after: 'b' })).toEqual([])
    expect(await ids({ limit: 2, order: 'asc', after: 'never there' })).toEqual([])
  })

  it('goes on after a record that was deleted between two pages', async () => {
    await several()
    await store().deleteRecord('file', 'c')
    await store().deleteRecord('file', 'a')
    expect(await ids({ ...all, after: 'a' })).toEqual(['d', 'b'])
    expect(await ids(all)).toEqual(['d', 'b'])
  })

  it('replaces a record where it stands, and puts one that was deleted at the end', async () => {
    await several()
    await put({ id: 'a', body: 'new', parent: 'p' })
    expect(await ids(all)).toEqual(['c', 'a', 'd', 'b'])
    expect(await store().findRecord('file', 'a')).toEqual(aRecord({ id: 'a', body: 'new', parent: 'p' }))
    await store().deleteRecord('file', 'a')
    await put({ id: 'a' })
    expect(await ids(all)).toEqual(['c', 'd', 'b', 'a'])
  })

  it('lists only what belongs to a parent where one is given', async () => {
    await put({ id: 'x', parent: 'one' })
    await put({ id: 'y', parent: 'two' })
    await put({ id: 'z', parent: 'one' })
    expect(await ids(all, 'one')).toEqual(['x', 'z'])
    expect(await ids({ ...all, after: 'x' }, 'one')).toEqual(['z'])
    expect(await ids({ ...all, order: 'desc' }, 'one')).toEqual(['z', 'x'])
    expect(await ids(all)).toEqual(['x', 'y', 'z'])
  })

  it('deletes a record with all that belongs to it, however deep, and nothing else', async () => {
    await put({ kind: 'eval', id: 'e' })
    await put({ kind: 'eval_run', id: 'r', parent: 'e' })
    await put({ kind: 'output_item', id: 'o', parent: 'r' })
    await put({ kind: 'output_item', id: 'other', parent: 'r2' })
    expect(await store().deleteRecord('eval', 'e')).toBe(true)
    expect(await store().deleteRecord('eval', 'e')).toBe(false)
    expect(await store().findRecord('eval', 'e')).toBeNull()
    expect(await store().findRecord('eval_run', 'r')).toBeNull()
    expect((await store().listRecords('output_item', all)).map(({ id }) => id)).toEqual(['other'])
  })

  it('puts several records at once or none of them', async () => {
    const bad = aRecord({ id: 'bad', kind: null as unknown as string })
    await expect(store().putRecords([aRecord(), bad])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await ids(all)).toEqual([])
    await store().putRecords([aRecord({ id: 'x' }), aRecord({ id: 'y' })])
    expect(await ids(all)).toEqual(['x', 'y'])
  })

  it('shows records to others that have the data open, and keeps them when it is closed', async () => {
    const other = await open()
    await put({})
    expect(await other.findRecord('file', 'file-1')).toEqual(aRecord())
    await other.close()
    await store().close()
    const again = await open()
    expect(await again.listRecords('file', all)).toEqual([aRecord()])
    await again.close()
  })
}

export function aCapture(values: Partial<Capture> = {}): Capture {
  return {
    id: 'chatcmpl-1',
    createdAtMs: 1_700_000_000_000,
    model: 'support-desk',
    answeredBy: 'student/support-desk@3',
    workload: null,
    metadata: {},
    request: '{"messages":[]}',
    response: '{"choices":[]}',
    latencyMs: 1.5,
    priceUsd: null,
    stored: true,
    ...values,
  }
}

function describeCaptures(store: () => Store, open: () => Promise<Store>): void {
  const ids = async (filter: CaptureFilter = {}, page: Partial<Page> = {}): Promise<string[]> =>
    (await store().listCaptures(filter, { limit: 10, order: 'asc', ...page })).map(({ id }) => id)
  const add = async (...all: (Partial<Capture> & { id: string })[]): Promise<void> => {
    await Promise.all(all.map((values) => store().commitCapture(aCapture(values))))
  }

  it('gives back a capture exactly as it came, in another process too', async () => {
    const capture = aCapture({
      workload: 'desk',
      why: 'named',
      metadata: { 'a "quoted" key.with[signs]': 'ü \u2028', __proto__x: '' },
      request: '{ "a" :\t1}\u2028',
      response: 'with \0 in it',
      latencyMs: 1 / 3,
      priceUsd: 0.1,
      stored: false,
    })
    await store().commitCapture(capture)
    const other = await open()
    expect(await other.findCapture('chatcmpl-1')).toEqual(capture)
    await other.close()
    expect(await store().findCapture('chatcmpl-2')).toBeNull()
  })

  it('lists captures by time, then id, in both directions and page by page', async () => {
    await add({ id: 'b', createdAtMs: 2 }, { id: 'c', createdAtMs: 1 }, { id: 'a', createdAtMs: 2 })
    expect(await ids()).toEqual(['c', 'a', 'b'])
    expect(await ids({}, { order: 'desc' })).toEqual(['b', 'a', 'c'])
    expect(await ids({}, { limit: 1, after: 'c' })).toEqual(['a'])
    expect(await ids({}, { order: 'desc', after: 'b', limit: 1 })).toEqual(['a'])
    expect(await ids({}, { after: 'b' })).toEqual([])
    expect(await ids({}, { after: 'nobody' })).toEqual([])
  })

  it('filters captures by model, workload, time, metadata and whether they were to be stored', async () => {
    await add(
      { id: 'a', createdAtMs: 1, model: 'm', workload: 'w', metadata: { k: 'v', 'x.y': '1' } },
      { id: 'b', createdAtMs: 2, stored: false, metadata: { k: 'other' } },
      { id: 'c', createdAtMs: 3, workload: 'w', metadata: { k: 'v' } },
    )
    expect(await ids({ model: 'm' })).toEqual(['a'])
    expect(await ids({ workload: 'w' })).toEqual(['a', 'c'])
    expect(await ids({ sinceMs: 2, untilMs: 3 })).toEqual(['b'])
    expect(await ids({ storedOnly: true })).toEqual(['a', 'c'])
    expect(await ids({ metadata: { k: 'v' } })).toEqual(['a', 'c'])
    expect(await ids({ metadata: { k: 'v', 'x.y': '1' }, workload: 'w' })).toEqual(['a'])
    expect(await ids({ metadata: { "k' OR 1=1 --": 'v' } })).toEqual([])
  })

  it('changes the metadata of a capture and nothing else', async () => {
    await add({ id: 'a', metadata: { old: '1' } })
    expect(await store().updateCaptureMetadata('a', { fresh: '2' })).toBe(true)
    expect(await store().findCapture('a')).toEqual(aCapture({ id: 'a', metadata: { fresh: '2' } }))
    expect(await store().updateCaptureMetadata('nobody', {})).toBe(false)
  })

  it('deletes a capture, and pages on after it', async () => {
    await add({ id: 'a', createdAtMs: 1 }, { id: 'b', createdAtMs: 2 }, { id: 'c', createdAtMs: 3 })
    expect(await store().deleteCapture('b')).toBe(true)
    expect(await store().deleteCapture('b')).toBe(false)
    expect(await store().updateCaptureMetadata('b', {})).toBe(false)
    expect(await store().findCapture('b')).toBeNull()
    expect(await ids()).toEqual(['a', 'c'])
    expect(await ids({}, { after: 'b' })).toEqual(['c'])
  })
}
