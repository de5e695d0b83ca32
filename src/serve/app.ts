/** The HTTP app: what holds for every request (id, log, key, host, errors), then the routes. It opens nothing itself. */
import { Hono, type Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { PotstillError, messageOf } from '../core/errors.ts'
import { apiError, errorBody, toApiError } from './api-error.ts'
import type { ServeApp, ServeDeps, ServeEnv } from './deps.ts'
import { chatCompletions } from './gateway/chat-completions.ts'
import type { Role } from './keys.ts'
import { routeGroups } from './routes.ts'

/** Every answer has an x-request-id, and every error OpenAI's shape, whatever route throws it. */
export function createApp(deps: ServeDeps): ServeApp {
  const app = new Hono<ServeEnv>()
  app.use(async (c, next) => {
    const requestId = requestIdOf(c.req.header('x-request-id')) ?? `req_${deps.newId()}`
    c.set('requestId', requestId)
    const startedAt = performance.now()
    await next()
    c.res.headers.set('x-request-id', requestId)
    const { method, path } = c.req
    const facts = {
      requestId,
      method,
      path,
      status: c.res.status,
      ms: Math.round(performance.now() - startedAt),
    }
    deps.metrics.requests.inc({ status: String(c.res.status) })
    deps.log(c.res.status >= 500 ? 'error' : 'info', 'request', facts)
  })
  app.get('/healthz', (c) => c.json({ status: 'ok' }))
  app.use('/v1/*', async (c, next) => {
    c.set('role', await allowedRole(deps, c))
    await next()
  })
  app.get('/metrics', async (c) => {
    await allowedRole(deps, c)
    const { registry } = deps.metrics
    return c.body(await registry.metrics(), 200, { 'content-type': registry.contentType })
  })
  app.route('/v1', chatCompletions(deps))
  for (const group of routeGroups) app.route('/v1', group(deps))
  app.notFound((c) => {
    const known = `There is no ${c.req.method} ${c.req.path} here; docs/serve.md lists the routes.`
    return c.json(errorBody(404, known, { code: 'unknown_url' }), 404)
  })
  app.onError((error, c) => answerError(deps, error, c))
  return app
}

/** A client's own id goes through the logs when it cannot break them. */
function requestIdOf(given: string | undefined): string | null {
  return given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : null
}

function answerError(deps: ServeDeps, error: Error, c: Context<ServeEnv>): Response {
  if (error instanceof HTTPException) return error.getResponse()
  if (error instanceof PotstillError) {
    const known = toApiError(error)
    if (known.status >= 500) logFault(deps, error, c)
    return known.getResponse()
  }
  logFault(deps, error, c)
  return c.json(errorBody(500, 'Something went wrong here; the log says what, under this request id.'), 500)
}

function logFault({ log }: ServeDeps, error: Error, c: Context<ServeEnv>): void {
  log('error', messageOf(error), { requestId: c.get('requestId'), stack: error.stack })
}

/** @throws a 401 or 403. */
async function allowedRole({ checkKey }: ServeDeps, c: Context<ServeEnv>): Promise<Role> {
  if (checkKey === null) return 'manage'
  const [, key] = /^Bearer\s+(\S+)\s*$/i.exec(c.req.header('authorization') ?? '') ?? []
  const role = key === undefined ? null : await checkKey(key)
  if (role === null) {
    const fault = key === undefined ? 'This server needs a key' : 'This server does not know the key'
    throw apiError(401, `${fault}: Authorization: Bearer ps-…`, { code: 'invalid_api_key' })
  }
  if (role === 'infer' && !isInference(c.req.method, c.req.path)) {
    throw apiError(403, 'This key may ask models, not manage: use one with the role manage.', {
      code: 'insufficient_permissions',
    })
  }
  return role
}

/** What the role "infer" may do. */
function isInference(method: string, path: string): boolean {
  if (method === 'POST') return path === '/v1/chat/completions' || path === '/v1/embeddings'
  return method === 'GET' && /^\/v1\/models(?:\/|$)/.test(path)
}
