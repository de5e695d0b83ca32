/** The server as a process: listens, holds clients to their limits, and shuts down without losing what it has. */
import { getRequestListener } from '@hono/node-server'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PotstillError } from '../core/errors.ts'
import { errorBody } from './api-error.ts'
import { createApp } from './app.ts'
import { openDeps, type DepsOptions } from './open-deps.ts'

export interface ServerOptions extends DepsOptions {
  /** "127.0.0.1" */
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  /** Names, besides the host, by which clients may call the server. */
  readonly hostNames?: readonly string[]
  /** How long requests under way may take when the server shuts down, in milliseconds. */
  readonly graceMs?: number
}

export interface RunningServer {
  /** "http://127.0.0.1:4141/v1" */
  readonly baseUrl: string
  /** Takes no more requests, waits for those under way, and writes what waits. */
  close(): Promise<void>
}

const headersTimeoutMs = 15_000
const mostConnections = 20_000
const defaultGraceMs = 15_000
const sweepMs = 50

/** @throws USAGE where it would listen beyond this machine without a key, or the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port } = options
  if (!isLoopback(host) && (options.checkKey ?? null) === null) {
    throw new PotstillError('USAGE', `${host} can be reached from other machines, and there is no key`, {
      hint: 'Make a key first: `potstill serve --create-key NAME`; or listen on 127.0.0.1.',
    })
  }
  const opened = openDeps(options)
  const { deps } = opened
  const listener = getRequestListener(createApp(deps).fetch)
  const allowed = hostCheck(options)
  const server = createServer(
    { headersTimeout: headersTimeoutMs, requestTimeout: 0 },
    (request, response) => {
      if (!allowed(request)) return refuseHost(response, deps.newId())
      // From here on models may take their time.
      request.socket.setTimeout(0)
      limitBodyTime(request, deps.settings.idleMs)
      void listener(request, response)
    },
  )
  server.maxConnections = mostConnections
  // Of a connection that has not said anything yet; node's own limit on headers begins with the first byte.
  server.timeout = headersTimeoutMs
  server.keepAliveTimeout = 30_000
  await listen(server, port, host).catch(async (error: unknown) => {
    await opened.close()
    throw error
  })
  await deps.jobs.start()
  await deps.evals.start()
  const { port: taken } = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return {
    baseUrl: `http://${name}:${taken}/v1`,
    async close() {
      await stopListening(server, options.graceMs ?? defaultGraceMs)
      await opened.close()
    },
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const hint = 'Choose another with --port.'
      reject(
        new PotstillError('USAGE', `cannot listen on ${host}:${port}: ${error.message}`, {
          hint,
          cause: error,
        }),
      )
    })
    server.listen(port, host, resolve)
  })
}

/**
 * On the loopback interface without a key, a web page could reach the server through a name of its own that
 * points here (DNS rebinding); such a request carries that name. Or it could send, without reading the answer, what
 * needs no leave of ours (a form, plain text); such a request carries the page's origin.
 */
function hostCheck({
  host,
  hostNames = [],
  checkKey = null,
}: ServerOptions): (request: IncomingMessage) => boolean {
  if (checkKey !== null) return () => true
  const names = new Set(['localhost', '[::1]', host, ...hostNames])
  const isOurs = (address: string): boolean => {
    const name = address.toLowerCase().replace(/:\d+$/, '')
    return names.has(name) || /^127\.\d+\.\d+\.\d+$/.test(name)
  }
  return ({ headers: { host = '', origin } }) =>
    isOurs(host) && (origin === undefined || isOurs(origin.replace(/^https?:\/\//, '')))
}

function refuseHost(response: ServerResponse, id: string): void {
  const message =
    'This server answers to names and pages of this machine only; a key lifts that (docs/serve.md).'
  response.writeHead(403, {
    'content-type': 'application/json',
    'x-request-id': `req_${id}`,
    connection: 'close',
  })
  response.end(JSON.stringify(errorBody(403, message, { code: 'host_not_allowed' })))
}

/** A client that stops sending in the midst of a body is cut off; once it is in, models may take their time. */
function limitBodyTime(request: IncomingMessage, idleMs: number): void {
  if (request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined)
    return
  const { socket } = request
  socket.setTimeout(idleMs * 1.5)
  request.once('end', () => socket.setTimeout(0))
}

async function stopListening(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  // One whose last request has ended is idle from then on, and its client may keep it open for long.
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs)
  const timer = setTimeout(() => server.closeAllConnections(), graceMs)
  await closed
  clearInterval(sweep)
  clearTimeout(timer)
}
