/** Evals: made, listed, run over files and stored completions, and read row by row. */
import { Hono } from 'hono'
import type { EvalDeleteResponse } from 'openai/resources/evals/evals'
import type { RunDeleteResponse } from 'openai/resources/evals/runs/runs'
import type { StoredRecord } from '../../core/store.ts'
import { apiError } from '../api-error.ts'
import type { RouteGroup, ServeApp, ServeDeps, ServeEnv } from '../deps.ts'
import { createEval, createEvalSchema, updateEvalSchema } from '../evals/create-eval.ts'
import { createRun, createRunSchema } from '../evals/create-run.ts'
import {
  allRecords,
  evalKind,
  evalOf,
  evalRecord,
  findEval,
  findRun,
  outputItemKind,
  outputItemOf,
  runKind,
  runOf,
  type EvalView,
  type OutputItemView,
  type RunView,
  type StoredRun,
} from '../evals/stored-eval.ts'
import { readJsonBody } from '../json-body.ts'
import { listPage, readPage, type ListPage } from '../list-page.ts'

/** Rows may come within the request. */
const mostRunBytes = 64 * 1024 * 1024
const path = '/evals'
const runPath = `${path}/:eval/runs`

export const evalsRoutes: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  addEvals(app, deps)
  addRuns(app, deps)
  addOutputItems(app, deps)
  return app
}

function addEvals(app: ServeApp, deps: ServeDeps): void {
  const { store, evals } = deps
  app.post(path, async (c) => {
    const view = await createEval(deps, await readJsonBody(c, createEvalSchema))
    await store.putRecord(evalRecord(view))
    return c.json<EvalView>(view, 201)
  })
  app.get(path, async (c) => {
    const orderBy = c.req.query('order_by') ?? 'created_at'
    if (orderBy !== 'created_at') {
      throw apiError(400, `order_by must be created_at, not ${JSON.stringify(orderBy)}`, {
        param: 'order_by',
      })
    }
    const page = readPage((name) => c.req.query(name))
    return c.json<ListPage<EvalView>>(
      await listPage(page, (next) => store.listRecords(evalKind, next), evalOf),
    )
  })
  app.get(`${path}/:eval`, async (c) => c.json<EvalView>(await existing(deps, c.req.param('eval'))))
  app.post(`${path}/:eval`, async (c) => {
    const known = await existing(deps, c.req.param('eval'))
    const { name = known.name, metadata } = await readJsonBody(c, updateEvalSchema)
    const view = { ...known, name, metadata: metadata === undefined ? known.metadata : metadata }
    await store.putRecord(evalRecord(view))
    return c.json<EvalView>(view)
  })
  app.delete(`${path}/:eval`, async (c) => {
    const { id } = await existing(deps, c.req.param('eval'))
    for await (const record of allRecords(store, runKind, id)) await evals.remove(runOf(record))
    await store.deleteRecord(evalKind, id)
    return c.json<EvalDeleteResponse>({ object: 'eval.deleted', deleted: true, eval_id: id })
  })
}

function addRuns(app: ServeApp, deps: ServeDeps): void {
  const { evals } = deps
  const show = (run: StoredRun, url: string): RunView => {
    const address = `${new URL(url).origin}/v1/evals/${run.eval_id}/runs/${run.id}`
    return { ...evals.current(run), report_url: address }
  }
  app.post(runPath, async (c) => {
    const of = await existing(deps, c.req.param('eval'))
    const { run, items } = await createRun(deps, of, await readJsonBody(c, createRunSchema, mostRunBytes))
    await evals.add(run, items)
    return c.json<RunView>(show(run, c.req.url), 201)
  })
  app.get(runPath, async (c) => {
    const { id } = await existing(deps, c.req.param('eval'))
    const status = c.req.query('status')
    const page = readPage((name) => c.req.query(name))
    const list = await filteredPage(
      deps,
      { kind: runKind, parent: id, page },
      (record) => status === undefined || runOf(record).status === status,
      (record) => show(runOf(record), c.req.url),
    )
    return c.json<ListPage<RunView>>(list)
  })
  app.get(`${runPath}/:run`, async (c) =>
    c.json<RunView>(show(await existingRun(deps, c.req.param('eval'), c.req.param('run')), c.req.url)),
  )
  const cancelPaths = [`${runPath}/:run`, `${runPath}/:run/cancel`]
  for (const cancelPath of cancelPaths) {
    app.post(cancelPath, async (c) => {
      const run = await existingRun(deps, c.req.param('eval') ?? '', c.req.param('run') ?? '')
      return c.json<RunView>(show(await evals.cancel(run), c.req.url))
    })
  }
  app.delete(`${runPath}/:run`, async (c) => {
    const run = await existingRun(deps, c.req.param('eval'), c.req.param('run'))
    await evals.remove(run)
    return c.json<RunDeleteResponse>({ object: 'eval.run.deleted', deleted: true, run_id: run.id })
  })
}

function addOutputItems(app: ServeApp, deps: ServeDeps): void {
  app.get(`${runPath}/:run/output_items`, async (c) => {
    const { id } = await existingRun(deps, c.req.param('eval'), c.req.param('run'))
    const status = readStatus(c.req.query('status'))
    const page = readPage((name) => c.req.query(name))
    const list = await filteredPage(
      deps,
      { kind: outputItemKind, parent: id, page },
      (record) => status === undefined || outputItemOf(record).view.status === status,
      (record) => outputItemOf(record).view,
    )
    return c.json<ListPage<OutputItemView>>(list)
  })
  app.get(`${runPath}/:run/output_items/:item`, async (c) => {
    const { id } = await existingRun(deps, c.req.param('eval'), c.req.param('run'))
    const record = await deps.store.findRecord(outputItemKind, c.req.param('item'))
    if (record === null || record.parent !== id) {
      const message = `There is no output item ${c.req.param('item')}.`
      throw apiError(404, message, { param: 'output_item_id', code: 'not_found' })
    }
    return c.json<OutputItemView>(outputItemOf(record).view)
  })
}

async function existing({ store }: ServeDeps, id: string): Promise<EvalView> {
  const found = await findEval(store, id)
  if (found === null) throw apiError(404, `There is no eval ${id}.`, { param: 'eval_id', code: 'not_found' })
  return found
}

async function existingRun(deps: ServeDeps, evalId: string, id: string): Promise<StoredRun> {
  await existing(deps, evalId)
  const found = await findRun(deps.store, evalId, id)
  if (found === null) throw apiError(404, `There is no run ${id}.`, { param: 'run_id', code: 'not_found' })
  return found
}

/** The reference says `fail`, its description `failed`; `error` is ours. */
function readStatus(status: string | undefined): OutputItemView['status'] | undefined {
  if (status === undefined) return undefined
  const known = { pass: 'pass', passed: 'pass', fail: 'fail', failed: 'fail', error: 'error' } as const
  if (Object.hasOwn(known, status)) return known[status as keyof typeof known]
  throw apiError(400, `status must be pass, fail or error, not ${JSON.stringify(status)}`, {
    param: 'status',
  })
}

interface Listed {
  readonly kind: string
  readonly parent: string
  readonly page: ReturnType<typeof readPage>
}

/** A page of those records below a parent that `fits` lets through. */
async function filteredPage<Item extends { readonly id: string }>(
  { store }: ServeDeps,
  { kind, parent, page }: Listed,
  fits: (record: StoredRecord) => boolean,
  show: (record: StoredRecord) => Item,
): Promise<ListPage<Item>> {
  const read = async (wanted: Listed['page']): Promise<readonly StoredRecord[]> => {
    const found: StoredRecord[] = []
    let { after } = wanted
    while (found.length < wanted.limit) {
      const next = await store.listRecords(kind, { ...wanted, after }, parent)
      if (next.length === 0) break
      after = next[next.length - 1].id
      found.push(...next.filter(fits))
    }
    return found.slice(0, wanted.limit)
  }
  return listPage(page, read, show)
}
