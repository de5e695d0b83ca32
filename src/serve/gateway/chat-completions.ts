/** POST /v1/chat/completions: finds who answers, and has it answered and kept. */
import { Hono } from 'hono'
import { PotstillError } from '../../core/errors.ts'
import { apiError, toApiError } from '../api-error.ts'
import type { Resolved, RouteGroup, ServeDeps, ServeEnv } from '../deps.ts'
import { answerLocal } from './answer-local.ts'
import { answerUpstream } from './answer-upstream.ts'
import type { Exchange } from './exchange.ts'
import { readRequest } from './read-request.ts'

export const chatCompletions: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  let local = 0
  app.post('/chat/completions', async (c) => {
    const startedAt = performance.now()
    const startedAtMs = deps.now()
    const request = await readRequest(c, deps.settings)
    const resolved = await resolve(deps, request.model)
    const exchange: Exchange = {
      deps,
      request,
      requestId: c.get('requestId'),
      startedAt,
      startedAtMs,
      captured: request.store || deps.settings.capture === 'all',
      workload: request.workload ?? resolved.alias,
      signal: c.req.raw.signal,
      cut() {
        c.env?.outgoing?.destroy()
        return c.env?.outgoing !== undefined
      },
    }
    const { target } = resolved
    if (target.kind === 'provider') {
      return answerUpstream(exchange, deps, { target, part: 'alone', why: resolved.why })
    }
    if (local >= deps.settings.mostLocal) throw turnedAway(deps)
    local++
    try {
      return await answerLocal(exchange, deps, { ...resolved, target })
    } finally {
      local--
    }
  })
  return app
}

function turnedAway({ metrics, settings }: ServeDeps): Error {
  metrics.turnedAway.inc()
  return apiError(503, `${settings.mostLocal} requests to students are under way already; try again.`, {
    code: 'overloaded',
    headers: { 'retry-after': '1' },
  })
}

async function resolve({ models }: ServeDeps, name: string): Promise<Resolved> {
  try {
    return await models.resolve(name)
  } catch (error) {
    throw error instanceof PotstillError ? toApiError(error, 'model') : error
  }
}
