/** A model hub on this machine for tests: repositories, a file store on another port, and faults on request. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  /** Which of the two servers. */
  readonly host: 'hub' | 'store'
  readonly method: string
  readonly path: string
  readonly range: string | null
  readonly ifRange: string | null
  readonly authorization: string | null
}

/** What goes wrong with the content of files, in the order of the requests for it; "fine" when the list is at its end. */
export type Fault =
  | 'fine'
  /** The connection is cut after half of what was to come. */
  | 'cut'
  /** One byte is another. */
  | 'damaged'
  /** The whole file whatever part was asked for. */
  | 'no-ranges'
  /** Another part than was asked for. */
  | 'wrong-part'
  | 'busy'
  | 'refused'

export interface FakeHub {
  readonly endpoint: string
  readonly store: string
  /** By name within the one repository "owner/model". */
  readonly files: Map<string, Buffer>
  readonly faults: Fault[]
  readonly asked: Asked[]
  /** Where set, the hub answers only to this token. */
  token: string | null
  /** False: the store gives no ETag. */
  hasEtags: boolean
  close(): Promise<void>
}

const commit = 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00'

export async function startFakeHub(): Promise<FakeHub> {
  const files = new Map<string, Buffer>()
  const faults: Fault[] = []
  const asked: Asked[] = []
  const hub = createServer((request, response) => {
    asked.push(noteOf('hub', request))
    answerAsHub(state, request, response)
  })
  const store = createServer((request, response) => {
    asked.push(noteOf('store', request))
    answerAsStore(state, request, response)
  })
  const state: FakeHub = {
    endpoint: await listen(hub),
    store: await listen(store),
    files,
    faults,
    asked,
    token: null,
    hasEtags: true,
    async close() {
      const closing = [hub, store].map((server) => new Promise((resolve) => server.close(resolve)))
      hub.closeAllConnections()
      store.closeAllConnections()
      await Promise.all(closing)
    },
  }
  return state
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      server.unref()
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })
}

function noteOf(host: Asked['host'], { method = '', url = '', headers }: IncomingMessage): Asked {
  return {
    host,
    method,
    path: url,
    range: headers.range ?? null,
    ifRange: headers['if-range']?.toString() ?? null,
    authorization: headers.authorization ?? null,
  }
}

/** Small files are answered by the hub itself, large ones by the store behind a redirect, as on the real one. */
function answerAsHub(state: FakeHub, request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(request.url ?? '')
  if (state.token !== null && request.headers.authorization !== `Bearer ${state.token}`) {
    response.writeHead(401).end()
    return
  }
  if (path.startsWith('/api/models/owner/model/revision/')) {
    const siblings = [...state.files.keys()].map((rfilename) => ({ rfilename }))
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ sha: commit, siblings }))
    return
  }
  const name = /^\/owner\/model\/resolve\/[^/]+\/(.+)$/.exec(path)?.[1] ?? ''
  const content = state.files.get(name)
  if (content === undefined) {
    response.writeHead(404).end()
  } else if (/\.(?:json|jinja)$/.test(name)) {
    const etag = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex')
    const headers = { 'x-repo-commit': commit, etag: `"${etag}"`, 'content-length': content.length }
    response.writeHead(200, headers).end(request.method === 'HEAD' ? undefined : content)
  } else {
    const sha256 = createHash('sha256').update(content).digest('hex')
    const headers = {
      'x-repo-commit': commit,
      'x-linked-etag': `"${sha256}"`,
      'x-linked-size': content.length,
    }
    response.writeHead(302, { ...headers, location: `${state.store}/${name}?signature=secret` }).end()
  }
}

function answerAsStore(state: FakeHub, request: IncomingMessage, response: ServerResponse): void {
  const content = state.files.get((request.url ?? '').slice(1).split('?')[0])
  const fault = state.faults.shift() ?? 'fine'
  if (request.method === 'HEAD' || fault === 'refused' || content === undefined) {
    response.writeHead(content === undefined ? 404 : 403).end()
    return
  }
  if (fault === 'busy') {
    response.writeHead(503, { 'retry-after': '0' }).end()
    return
  }
  const etag = `"${createHash('md5').update(content).digest('hex')}"`
  const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')
  const ifRange = request.headers['if-range']
  const isPart = asked !== null && fault !== 'no-ranges' && (ifRange === undefined || ifRange === etag)
  const from = isPart ? Number(asked[1]) : 0
  if (from > content.length) {
    response.writeHead(416).end()
    return
  }
  const body = Buffer.from(content.subarray(fault === 'wrong-part' ? 0 : from))
  if (fault === 'damaged') body[0] ^= 1
  const headers = { 'content-length': body.length, ...(state.hasEtags ? { etag } : {}) }
  const shownFrom = fault === 'wrong-part' ? 0 : from
  const part = { 'content-range': `bytes ${shownFrom}-${content.length - 1}/${content.length}` }
  response.writeHead(isPart ? 206 : 200, { ...headers, ...(isPart ? part : {}) })
  if (fault !== 'cut') response.end(body)
  else
    response.write(body.subarray(0, Math.ceil(body.length / 2)), () => setImmediate(() => response.destroy()))
}
