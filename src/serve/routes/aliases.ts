/** Aliases, which are ours: which model answers to a name, its earlier versions, and the way back to one. */
import { Hono } from 'hono'
import { z } from 'zod'
import { PotstillError } from '../../core/errors.ts'
import { listStudents } from '../../runs/students.ts'
import { aliasKind, aliasPattern, changeAlias, findAlias, withNextVersion, type Alias } from '../aliases.ts'
import { apiError, toApiError } from '../api-error.ts'
import { chosenThreshold } from '../chosen-threshold.ts'
import type { RouteGroup, ServeDeps, ServeEnv } from '../deps.ts'
import { findFineTuned } from '../jobs/find-fine-tuned.ts'
import { findJob } from '../jobs/stored-job.ts'
import { readJsonBody } from '../json-body.ts'
import { listPage, readPage, type ListPage } from '../list-page.ts'

const path = '/potstill/aliases'

type AliasView = Alias & { readonly object: 'alias'; readonly id: string }

const nextSchema = z.strictObject({
  /** A student ("support-desk@3", "ft:…"), the job that made one, or any model that answers here. */
  model: z.string().min(1).max(1000),
  teacher: z.string().min(1).max(1000).nullish(),
  threshold: z.number().min(0).max(1).nullish(),
})
const backSchema = z.strictObject({ current: z.int().min(1) })
const changeSchema = z.union([nextSchema, backSchema], {
  error:
    '{"model": ..., "teacher"?: ..., "threshold"?: 0..1} for a new version, or {"current": 2} for an earlier one',
})

export const aliasesRoutes: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  app.get(path, async (c) => {
    const page = readPage((name) => c.req.query(name))
    const read = (next: typeof page) => deps.store.listRecords(aliasKind, next)
    const list = await listPage(page, read, ({ body }) => show(body as unknown as Alias))
    return c.json<ListPage<AliasView>>(list)
  })
  app.get(`${path}/:name`, async (c) => c.json<AliasView>(show(await existing(deps, c.req.param('name')))))
  app.post(`${path}/:name`, async (c) => {
    const name = c.req.param('name')
    if (!aliasPattern.test(name)) {
      const words = 'An alias has lower-case letters, digits, ".", "_" and "-", at most 64 of them.'
      throw apiError(400, words, { param: 'name' })
    }
    const body = await readJsonBody(c, changeSchema)
    const alias = 'current' in body ? await goBack(deps, name, body.current) : await promote(deps, name, body)
    return c.json<AliasView>(show(alias))
  })
  app.delete(`${path}/:name`, async (c) => {
    const { name } = await existing(deps, c.req.param('name'))
    await deps.store.deleteRecord(aliasKind, name)
    return c.json({ id: name, object: 'alias.deleted', deleted: true })
  })
  return app
}

function show(alias: Alias): AliasView {
  return { object: 'alias', id: alias.name, ...alias }
}

async function existing({ store }: ServeDeps, name: string): Promise<Alias> {
  const alias = await findAlias(store, name)
  if (alias === null) throw apiError(404, `There is no alias ${name}.`, { param: 'name', code: 'not_found' })
  return alias
}

async function promote(deps: ServeDeps, name: string, next: z.output<typeof nextSchema>): Promise<Alias> {
  const teacher = next.teacher ?? null
  if (teacher === null && typeof next.threshold === 'number') {
    throw apiError(400, 'A threshold needs a teacher, who answers below it.', { param: 'threshold' })
  }
  const { model, origin } = await modelToPromote(deps, next.model)
  await refuseUnknown(deps, model, 'model')
  if (teacher !== null) await refuseUnknown(deps, teacher, 'teacher')
  const version = {
    model,
    teacher,
    threshold: teacher === null ? null : (next.threshold ?? (await thresholdOf(deps, model))),
    origin,
    created_at: Math.floor(deps.now() / 1000),
  }
  return changeAlias(deps.store, name, (alias) => withNextVersion(alias, name, version))
}

/** @throws a 400 where nobody has chosen one: a guess would leave wrong answers standing or pay for right ones. */
async function thresholdOf({ store, data }: ServeDeps, model: string): Promise<number> {
  const chosen = await chosenThreshold(data, model, (name) => findFineTuned(store, data, name))
  if (chosen !== null) return chosen
  const words = `No run has chosen a threshold for ${model}: give one, the confidence (0 to 1) below which the teacher answers.`
  throw apiError(400, words, { param: 'threshold' })
}

function goBack(deps: ServeDeps, name: string, current: number): Promise<Alias> {
  return changeAlias(deps.store, name, (alias) => {
    if (alias?.versions.some(({ version }) => version === current) === true) return { ...alias, current }
    throw apiError(404, `There is no version ${current} of an alias ${name}.`, { param: 'current' })
  })
}

/** A job stands for its model; a run's name for its newest student, by number, so that the version stays what it is. */
async function modelToPromote(
  { store, data }: ServeDeps,
  wanted: string,
): Promise<{ readonly model: string; readonly origin: string | null }> {
  if (wanted.startsWith('ftjob-')) {
    const job = await findJob(store, wanted)
    const model = job?.view.fine_tuned_model ?? null
    if (model !== null) return { model, origin: wanted }
    throw apiError(400, `There is no job ${wanted} that has made a model.`, { param: 'model' })
  }
  const [, name, number] = /^([a-z0-9][a-z0-9._-]*)(?:@(\d+))?$/.exec(wanted) ?? []
  const students = name === undefined ? [] : await listStudents(data)
  const student = students.findLast(
    ({ run: { manifest } }) =>
      manifest.name === name && (number === undefined || manifest.number === Number(number)),
  )
  if (student === undefined) return { model: wanted, origin: null }
  const { id, number: newest } = student.run.manifest
  return { model: `${name}@${newest}`, origin: id }
}

/** A name that nobody answers to is refused now rather than with each request. */
async function refuseUnknown({ models, store }: ServeDeps, name: string, param: string): Promise<void> {
  if ((await findAlias(store, name)) !== null) {
    throw apiError(400, `${name} is an alias, and an alias stands for a model itself.`, { param })
  }
  try {
    await models.resolve(name)
  } catch (error) {
    if (error instanceof PotstillError) throw toApiError(error, param)
    throw error
  }
}
