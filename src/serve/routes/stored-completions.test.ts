import type { ChatCompletion } from 'openai/resources/chat/completions'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { aCapture } from '../../../test/support/store-conformance.ts'
import { serveApp, type ServedApp } from '../../../test/support/serve-app.ts'
import type { Capture } from '../../core/store.ts'

interface List {
  readonly object: string
  readonly data: readonly (ChatCompletion & { readonly metadata: Record<string, string> })[]
  readonly first_id: string | null
  readonly last_id: string | null
  readonly has_more: boolean
}

let server: ServedApp
beforeEach(() => {
  server = serveApp()
})
afterEach(() => server.remove())

const add = async (values: Partial<Capture>): Promise<void> =>
  server.deps.store.commitCapture(
    aCapture({
      request: JSON.stringify({
        model: 'support-desk',
        temperature: 0.5,
        messages: [
          { role: 'system', content: 'Sort.' },
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Where is ' },
              { type: 'text', text: 'it?' },
            ],
          },
        ],
      }),
      response: JSON.stringify({ id: 'upstream', object: 'chat.completion', created: 1, choices: [] }),
      ...values,
    }),
  )
const idsOf = (list: List): string[] => list.data.map(({ id }) => id)

describe('stored completions', () => {
  it('are listed from the oldest, twenty at a time, without traffic that was not to be stored', async () => {
    for (let i = 10; i < 35; i++) await add({ id: `chatcmpl-${i}`, createdAtMs: i })
    await add({ id: 'chatcmpl-kept', createdAtMs: 1, stored: false })
    const first = await server.json<List>('GET', '/chat/completions')
    expect(first).toMatchObject({ object: 'list', first_id: 'chatcmpl-10', has_more: true })
    expect(first.data).toHaveLength(20)
    const rest = await server.json<List>('GET', `/chat/completions?after=${first.last_id ?? ''}`)
    expect(idsOf(rest)).toEqual(['chatcmpl-30', 'chatcmpl-31', 'chatcmpl-32', 'chatcmpl-33', 'chatcmpl-34'])
    expect(rest.has_more).toBe(false)
    const newest = await server.json<List>('GET', '/chat/completions?order=desc&limit=1')
    expect(idsOf(newest)).toEqual(['chatcmpl-34'])
  })

  it('are filtered by model and by every pair of metadata', async () => {
    await add({ id: 'chatcmpl-a', model: 'gpt', metadata: { task: 'x', 'k[1]': 'ü&' } })
    await add({ id: 'chatcmpl-b', metadata: { task: 'x' } })
    expect(idsOf(await server.json('GET', '/chat/completions?model=gpt'))).toEqual(['chatcmpl-a'])
    const both = await server.json<List>('GET', '/chat/completions?metadata[task]=x')
    expect(idsOf(both)).toEqual(['chatcmpl-a', 'chatcmpl-b'])
    const query = `metadata%5Btask%5D=x&${encodeURIComponent('metadata[k[1]]')}=${encodeURIComponent('ü&')}`
    expect(idsOf(await server.json('GET', `/chat/completions?${query}`))).toEqual(['chatcmpl-a'])
  })

  it('come back under the id that the client had, with metadata and the settings of the request', async () => {
    await add({ id: 'chatcmpl-a', metadata: { a: 'b' } })
    const found = await server.json('GET', '/chat/completions/chatcmpl-a')
    expect(found).toMatchObject({
      id: 'chatcmpl-a',
      object: 'chat.completion',
      temperature: 0.5,
      seed: null,
      metadata: { a: 'b' },
    })
  })

  it('take new metadata in place of the old, and none for null', async () => {
    await add({ id: 'chatcmpl-a', metadata: { old: '1' } })
    const changed = await server.json('POST', '/chat/completions/chatcmpl-a', { metadata: { n: '2' } })
    expect(changed).toMatchObject({ metadata: { n: '2' } })
    await server.json('POST', '/chat/completions/chatcmpl-a', { metadata: null })
    expect(await server.json('GET', '/chat/completions/chatcmpl-a')).toMatchObject({ metadata: {} })
  })

  it.each([
    [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) }, 'metadata'],
    [{ metadata: { ['k'.repeat(65)]: 'v' } }, 'metadata'],
    [{ metadata: { k: 'v'.repeat(513) } }, 'metadata.k'],
    [{ metadata: { k: 1 } }, 'metadata.k'],
    [{}, 'metadata'],
    [[], 'null'],
  ])('refuse metadata that OpenAI would refuse, and name it (%#)', async (body, param) => {
    await add({ id: 'chatcmpl-a', metadata: { old: '1' } })
    const { error } = await server.json<{ error: { type: string; param: string | null } }>(
      'POST',
      '/chat/completions/chatcmpl-a',
      body,
      400,
    )
    expect(error.type).toBe('invalid_request_error')
    expect(String(error.param)).toMatch(new RegExp(`^${param}`))
    expect(await server.json('GET', '/chat/completions/chatcmpl-a')).toMatchObject({ metadata: { old: '1' } })
  })

  it('show their messages one by one, each with an id to page from', async () => {
    await add({ id: 'chatcmpl-a' })
    const list = await server.json<List>('GET', '/chat/completions/chatcmpl-a/messages')
    expect(list).toMatchObject({ first_id: 'chatcmpl-a-0', last_id: 'chatcmpl-a-1', has_more: false })
    expect(list.data).toMatchObject([
      { id: 'chatcmpl-a-0', role: 'system', content: 'Sort.', content_parts: null },
      { id: 'chatcmpl-a-1', role: 'user', content: 'Where is it?', content_parts: [{}, { text: 'it?' }] },
    ])
    const path = '/chat/completions/chatcmpl-a/messages'
    const last = await server.json<List>('GET', `${path}?order=desc&limit=1`)
    expect(idsOf(last)).toEqual(['chatcmpl-a-1'])
    expect(last.has_more).toBe(true)
    expect(idsOf(await server.json('GET', `${path}?after=chatcmpl-a-0`))).toEqual(['chatcmpl-a-1'])
    expect(idsOf(await server.json('GET', `${path}?after=nobody`))).toEqual([])
  })

  it('are gone once deleted', async () => {
    await add({ id: 'chatcmpl-a' })
    expect(await server.json('DELETE', '/chat/completions/chatcmpl-a')).toEqual({
      object: 'chat.completion.deleted',
      id: 'chatcmpl-a',
      deleted: true,
    })
    for (const method of ['GET', 'DELETE']) {
      await server.json(method, '/chat/completions/chatcmpl-a', undefined, 404)
    }
    await server.json('GET', '/chat/completions/chatcmpl-a/messages', undefined, 404)
  })

  it.each(['limit=0', 'limit=101', 'limit=x', 'order=up', 'limit=1e1'])('refuse ?%s', async (query) => {
    const { error } = await server.json<{ error: { param: string } }>(
      'GET',
      `/chat/completions?${query}`,
      undefined,
      400,
    )
    expect(query.startsWith(error.param)).toBe(true)
  })
})
