/** Distillations, which are ours: captured traffic to a training file, a job, and a version that an alias is offered. */
import { Hono } from 'hono'
import type { RouteGroup, ServeEnv } from '../deps.ts'
import { createDistillation, createDistillationSchema } from '../jobs/create-distillation.ts'
import type { JobView } from '../jobs/stored-job.ts'
import { readJsonBody } from '../json-body.ts'

interface DistillationView {
  readonly object: 'distillation'
  /** That of the job, by which it is followed. */
  readonly id: string
  readonly created_at: number
  readonly training_file: string
  /** Examples in the file. */
  readonly rows: number
  /** Requests that are not in it, by the reason. */
  readonly left_out: Readonly<Record<string, number>>
  readonly alias: string | null
  readonly job: JobView
}

export const distillationsRoutes: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  app.post('/distillations', async (c) => {
    const request = await readJsonBody(c, createDistillationSchema)
    const { job, file, rows, leftOut } = await createDistillation(deps, request)
    await deps.jobs.add(job)
    return c.json<DistillationView>({
      object: 'distillation',
      id: job.view.id,
      created_at: job.view.created_at,
      training_file: file,
      rows,
      left_out: Object.fromEntries(leftOut),
      alias: job.alias,
      job: job.view,
    })
  })
  return app
}
