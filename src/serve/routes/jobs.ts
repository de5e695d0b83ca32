/** Fine-tuning jobs: made, listed, followed by events and checkpoints, cancelled, paused and resumed. */
import { Hono } from 'hono'
import type { FineTuningJobEvent } from 'openai/resources/fine-tuning/jobs'
import type { FineTuningJobCheckpoint } from 'openai/resources/fine-tuning/jobs/checkpoints'
import type { Page, StoredRecord } from '../../core/store.ts'
import { apiError } from '../api-error.ts'
import type { RouteGroup, ServeDeps, ServeEnv } from '../deps.ts'
import { createJob, createJobSchema } from '../jobs/create-job.ts'
import {
  checkpointKind,
  eventKind,
  findJob,
  hasEnded,
  jobKind,
  jobOf,
  type JobView,
  type StoredJob,
} from '../jobs/stored-job.ts'
import { readJsonBody } from '../json-body.ts'
import { listPage, readPage, type ListPage } from '../list-page.ts'
import { hasMetadata, metadataOfQuery, type Metadata } from '../metadata.ts'

const path = '/fine_tuning/jobs'

/** OpenAI's lists of jobs and events have no first and last id. */
type ShortPage<Item> = Omit<ListPage<Item>, 'first_id' | 'last_id'>

export const jobsRoutes: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  app.post(path, async (c) => {
    const job = await createJob(deps, await readJsonBody(c, createJobSchema))
    await deps.jobs.add(job)
    return c.json<JobView>(show(deps, job))
  })
  app.get(path, async (c) => {
    const page = readPage((name) => (name === 'order' ? undefined : c.req.query(name)), { order: 'desc' })
    const metadata = metadataOfQuery(c.req.url) ?? {}
    const list = await listPage(
      page,
      (next) => jobsWith(deps, metadata, next),
      (job) => show(deps, job),
    )
    return c.json<ShortPage<JobView>>(short(list))
  })
  app.get(`${path}/:id`, async (c) => c.json<JobView>(show(deps, await existing(deps, c.req.param('id')))))
  app.post(`${path}/:id/cancel`, async (c) =>
    c.json<JobView>(show(deps, await deps.jobs.cancel(c.req.param('id')))),
  )
  app.post(`${path}/:id/pause`, async (c) =>
    c.json<JobView>(show(deps, await deps.jobs.pause(c.req.param('id')))),
  )
  app.post(`${path}/:id/resume`, async (c) =>
    c.json<JobView>(show(deps, await deps.jobs.resume(c.req.param('id')))),
  )
  app.get(`${path}/:id/events`, async (c) => {
    const list = await children<FineTuningJobEvent>(deps, eventKind, c.req.param('id'), (name) =>
      c.req.query(name),
    )
    return c.json<ShortPage<FineTuningJobEvent>>(short(list))
  })
  app.get(`${path}/:id/checkpoints`, async (c) => {
    const read = (name: string): string | undefined => c.req.query(name)
    const list = await children<FineTuningJobCheckpoint>(deps, checkpointKind, c.req.param('id'), read, 10)
    return c.json<ListPage<FineTuningJobCheckpoint>>(list)
  })
  return app
}

async function existing({ store }: ServeDeps, id: string): Promise<StoredJob> {
  const job = await findJob(store, id)
  if (job !== null) return job
  throw apiError(404, `There is no fine-tuning job ${id}.`, {
    param: 'fine_tuning_job_id',
    code: 'not_found',
  })
}

function show({ jobs }: ServeDeps, job: StoredJob): JobView {
  return hasEnded(job) ? job.view : { ...job.view, estimated_finish: jobs.estimatedFinish(job.view.id) }
}

/** Newest first, as all lists of jobs are. */
async function children<Item extends { readonly id: string }>(
  deps: ServeDeps,
  kind: string,
  id: string,
  query: (name: string) => string | undefined,
  limit = 20,
): Promise<ListPage<Item>> {
  await existing(deps, id)
  const page = readPage((name) => (name === 'order' ? undefined : query(name)), {
    order: 'desc',
    limit,
    most: 1000,
  })
  return listPage(
    page,
    (next) => deps.store.listRecords(kind, next, id),
    ({ body }: StoredRecord) => body as unknown as Item,
  )
}

async function jobsWith({ store }: ServeDeps, metadata: Metadata, page: Page): Promise<StoredJob[]> {
  const jobs: StoredJob[] = []
  let { after } = page
  while (jobs.length < page.limit) {
    const found = await store.listRecords(jobKind, { ...page, limit: 200, after })
    if (found.length === 0) break
    after = found[found.length - 1].id
    jobs.push(...found.map(jobOf).filter(({ view }) => hasMetadata(view.metadata, metadata)))
  }
  return jobs.slice(0, page.limit)
}

function short<Item>({ object, data, has_more }: ListPage<Item>): ShortPage<Item> {
  return { object, data, has_more }
}
