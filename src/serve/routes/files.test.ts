import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveApp, type ServedApp } from '../../../test/support/serve-app.ts'
import { receiveUpload } from '../files/receive-upload.ts'
import { sweepFiles, type FileView } from '../files/file-store.ts'
import type { ListPage } from '../list-page.ts'

let server: ServedApp
let nowMs: number
beforeEach(() => {
  nowMs = Date.now()
  server = serveApp({ now: () => nowMs })
})
afterEach(() => server.remove())

const chat = (input: string, answer: string): string =>
  JSON.stringify({
    messages: [
      { role: 'system', content: 'Sort.' },
      { role: 'user', content: input },
      { role: 'assistant', content: answer },
    ],
  })

function form(
  content: string | Uint8Array<ArrayBuffer>,
  name = 'train.jsonl',
  fields: Record<string, string> = {},
): FormData {
  const data = new FormData()
  // As the Node client sends it: the file comes before what it is for.
  data.append('file', new File([content], name))
  for (const [key, value] of Object.entries({ purpose: 'fine-tune', ...fields })) data.append(key, value)
  return data
}

const upload = (...given: Parameters<typeof form>): Promise<FileView> =>
  server.json<FileView>('POST', '/files', form(...given))

interface Refusal {
  readonly error: { readonly message: string; readonly param: string | null; readonly code: string | null }
}
const refused = async (data: FormData, status = 400): Promise<Refusal['error']> =>
  (await server.json<Refusal>('POST', '/files', data, status)).error

/** What lies on disk beside the records. */
function filesOnDisk(): string[] {
  mkdirSync(join(server.deps.data, 'files'), { recursive: true })
  return readdirSync(join(server.deps.data, 'files'))
}

describe('an upload', () => {
  it('comes back as a file with all its facts, and its content byte for byte', async () => {
    const content = `${chat('a', 'x')}\n${chat('b', 'y')}\n`
    const file = await upload(content)
    expect(file).toMatchObject({
      object: 'file',
      bytes: Buffer.byteLength(content),
      filename: 'train.jsonl',
      purpose: 'fine-tune',
      status: 'processed',
      created_at: Math.floor(nowMs / 1000),
      status_details: '2 rows of JSONL',
    })
    expect(file.id).toMatch(/^file-/)
    expect(await server.json('GET', `/files/${file.id}`)).toEqual(file)
    const read = await server.ask('GET', `/files/${file.id}/content`)
    expect(await read.text()).toBe(content)
    expect(read.headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('names the line of what is no example, and leaves nothing behind', async () => {
    const broken = await refused(form(`${chat('a', 'x')}\n{"messages": [}\n`))
    expect(broken).toMatchObject({ param: 'file', code: 'data_invalid' })
    expect(broken.message).toContain('train.jsonl:2')
    const unanswered = await refused(
      form(`${chat('a', 'x')}\n\n{"messages":[{"role":"user","content":"b"}]}\n`),
    )
    expect(unanswered.message).toContain('train.jsonl:3')
    expect((await refused(form(''))).code).toBe('data_empty')
    expect(filesOnDisk()).toEqual([])
    expect((await server.json<ListPage<FileView>>('GET', '/files')).data).toEqual([])
  })

  it('does not split lines at U+2028 and U+2029, passes over a byte-order mark, and takes CRLF', async () => {
    const text = '\ufeff' + [chat('one\u2028two', 'x\u2029y'), chat('b', 'z')].join('\r\n') + '\r\n'
    expect((await upload(text)).status_details).toBe('2 rows of JSONL')
    const evals = await upload(text, 'e.jsonl', { purpose: 'evals' })
    expect(evals).toMatchObject({ purpose: 'evals', status_details: '2 lines' })
  })

  it('takes lines with weights, tools and tool calls, and says what is not learned from', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
    const lines = [
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'x', weight: 1 },
        ],
        tools: [],
      },
      {
        messages: [
          { role: 'user', content: 'b' },
          { role: 'assistant', tool_calls: [call] },
        ],
        parallel_tool_calls: false,
      },
      {
        messages: [
          { role: 'user', content: 'c' },
          { role: 'assistant', content: 'no', weight: 0 },
          { role: 'user', content: 'd' },
          { role: 'assistant', content: 'y' },
        ],
      },
    ]
    const file = await upload(lines.map((line) => JSON.stringify(line)).join('\n'))
    expect(file.status_details).toBe(
      '3 rows of JSONL; 1 hold tool calls, images or audio and are not learned from',
    )
  })

  it('takes preference lines with either name of their answers', async () => {
    const input = { messages: [{ role: 'user', content: 'a' }] }
    const answer = [{ role: 'assistant', content: 'x' }]
    const lines = [
      { input, preferred_output: answer, non_preferred_output: answer },
      { input, preferred_completion: answer, non_preferred_completion: answer },
    ]
    const file = await upload(lines.map((line) => JSON.stringify(line)).join('\n'))
    expect(file.status_details).toBe('2 rows of JSONL')
  })

  it('takes CSV and JSON for training, and says what it made of them', async () => {
    const csv = await upload(
      'message,intent,urgent\nhello,greeting,false\n"no, help",complaint,true\n',
      'rows.csv',
    )
    expect(csv.status_details).toBe('2 rows of CSV; the input is "message", the answer "intent", "urgent"')
    const json = await upload(JSON.stringify([{ input: 'a', output: { x: 1 } }]), 'rows.json')
    expect(json.status_details).toBe('1 rows of JSON; the input is "input", the answer "output"')
    const nameless = await upload(`${chat('a', 'x')}\n${chat('b', 'x')}\n`, 'blob')
    expect(nameless.status_details).toBe('2 rows of JSONL')
    expect((await refused(form('a,b\n1\n', 'rows.csv'))).message).toContain('rows.csv:2')
  })

  it('keeps names from being paths', async () => {
    for (const [given, kept] of [
      ['../../etc/passwd', 'passwd'],
      ['C:\\temp\\train.jsonl', 'train.jsonl'],
      ['/', 'file'],
      ['..', 'file'],
      ['a\u202egpj.exe', 'agpj.exe'],
      ['Übung 1.jsonl', 'Übung 1.jsonl'],
      [`${'x'.repeat(500)}.csv`, `${'x'.repeat(196)}.csv`],
    ]) {
      const file = await upload('anything', given, { purpose: 'user_data' })
      expect(file.filename).toBe(kept)
    }
    expect(filesOnDisk().every((name) => name.startsWith('file-'))).toBe(true)
  })

  it('says what is missing or unknown', async () => {
    expect((await refused(form(chat('a', 'x'), 'a.jsonl', { purpose: 'other' }))).param).toBe('purpose')
    const nothing = new FormData()
    nothing.append('purpose', 'fine-tune')
    expect((await refused(nothing)).param).toBe('file')
    const two = form(chat('a', 'x'))
    two.append('file', new File(['b'], 'b.jsonl'))
    expect((await refused(two)).message).toContain('one file')
    const text = new FormData()
    text.append('file', 'a'.repeat(20_000))
    expect((await refused(text)).message).toContain('too long')
    expect((await server.ask('POST', '/files', { purpose: 'fine-tune' })).status).toBe(400)
    expect(filesOnDisk()).toEqual([])
  })

  it('leaves nothing of a body that is cut off, or has no end', async () => {
    const type = 'multipart/form-data; boundary=b'
    const start = '--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
    const ask = (
      body: string | ReadableStream,
      headers: Record<string, string> = { 'content-type': type },
    ): Response | Promise<Response> =>
      server.app.request('/v1/files', { method: 'POST', headers, body, duplex: 'half' })
    expect((await ask(`${start}half a fi`)).status).toBe(400)
    expect((await ask('no form at all')).status).toBe(400)
    expect((await ask(start, { 'content-type': 'multipart/form-data' })).status).toBe(400)
    const declared = { 'content-type': type, 'content-length': String(600 * 1024 * 1024) }
    expect((await ask(start, declared)).status).toBe(413)
    const failing = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(`${start}some`))
        controller.error(new Error('gone'))
      },
    })
    expect((await ask(failing)).status).toBe(400)
    expect(filesOnDisk()).toEqual([])
  })

  it('is cut off at the limit, however much is still to come', async () => {
    const part = (name: string, body: string): string =>
      `--b\r\ncontent-disposition: form-data; name="${name}"; filename="a"\r\n\r\n${body}`
    for (const start of [part('file', 'x'.repeat(500)), part('other', 'x'), '']) {
      let sent = 0
      const endless = new ReadableStream({
        pull(controller) {
          controller.enqueue(Buffer.from(sent++ === 0 ? start : 'x'.repeat(65_536)))
        },
      })
      const request = new Request('http://localhost/', {
        method: 'POST',
        body: endless,
        duplex: 'half',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      })
      const path = join(server.deps.data, 'upload')
      await expect(receiveUpload(request, path, { fileBytes: 100 })).rejects.toMatchObject({ status: 413 })
      expect(readdirSync(server.deps.data)).not.toContain('upload')
      expect(sent).toBeLessThan(50)
    }
  })
})

describe('files', () => {
  it('are listed newest first, by purpose, and paged', async () => {
    const ids: string[] = []
    for (const purpose of ['user_data', 'batch', 'user_data', 'user_data']) {
      ids.push((await upload('{"a":1}', 'f.jsonl', { purpose })).id)
    }
    const all = await server.json<ListPage<FileView>>('GET', '/files')
    expect(all.data.map(({ id }) => id)).toEqual([...ids].reverse())
    expect(all).toMatchObject({ object: 'list', first_id: ids[3], last_id: ids[0], has_more: false })
    const page = await server.json<ListPage<FileView>>('GET', '/files?purpose=user_data&order=asc&limit=2')
    expect(page.data.map(({ id }) => id)).toEqual([ids[0], ids[2]])
    expect(page.has_more).toBe(true)
    const rest = await server.json<ListPage<FileView>>(
      'GET',
      `/files?purpose=user_data&order=asc&limit=2&after=${page.last_id ?? ''}`,
    )
    expect(rest).toMatchObject({ has_more: false, last_id: ids[3] })
    expect((await server.ask('GET', '/files?limit=0')).status).toBe(400)
  })

  it('are gone with their content once they are deleted', async () => {
    const { id } = await upload(chat('a', 'x'))
    expect(await server.json('DELETE', `/files/${id}`)).toEqual({ id, object: 'file', deleted: true })
    for (const [method, path] of [
      ['DELETE', ''],
      ['GET', ''],
      ['GET', '/content'],
    ]) {
      const { error } = await server.json<Refusal>(method, `/files/${id}${path}`, undefined, 404)
      expect(error.code).toBe('not_found')
    }
    expect(filesOnDisk()).toEqual([])
    expect((await server.ask('GET', '/files/..%2F..%2Fpotstill.sqlite/content')).status).toBe(404)
  })

  it('expire when they were told to', async () => {
    const after = (seconds: string, anchor = 'created_at'): Record<string, string> => ({
      'expires_after[anchor]': anchor,
      'expires_after[seconds]': seconds,
    })
    const file = await upload(chat('a', 'x'), 'a.jsonl', after('3600'))
    expect(file.expires_at).toBe(file.created_at + 3600)
    nowMs += 3_599_000
    expect((await server.ask('GET', `/files/${file.id}`)).status).toBe(200)
    nowMs += 2000
    expect((await server.json<ListPage<FileView>>('GET', '/files')).data).toEqual([])
    expect((await server.ask('GET', `/files/${file.id}`)).status).toBe(404)
    expect(filesOnDisk()).toEqual([])
    for (const wrong of [after('3599'), after('2592001'), after('1e5'), after('3600', 'last_active_at')]) {
      expect((await refused(form(chat('a', 'x'), 'a.jsonl', wrong))).param).toBe('expires_after')
    }
  })

  it('that a crash left half-written are swept away, and no others', async () => {
    const { id } = await upload(chat('a', 'x'))
    for (const name of ['upload-old.part', 'file-orphan.jsonl', 'upload-new.part']) {
      writeFileSync(join(server.deps.data, 'files', name), 'x')
    }
    const old = nowMs / 1000 - 7200
    for (const name of ['upload-old.part', 'file-orphan.jsonl', `${id}.jsonl`]) {
      utimesSync(join(server.deps.data, 'files', name), old, old)
    }
    await sweepFiles(server.deps)
    expect(filesOnDisk().sort()).toEqual([`${id}.jsonl`, 'upload-new.part'].sort())
  })
})
