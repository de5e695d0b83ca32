/** The groups of routes that are mounted below /v1, in order. A group is one file: `(deps) => new Hono()`, with paths such as '/files/:id'. */
import type { RouteGroup } from './deps.ts'
import { aliasesRoutes } from './routes/aliases.ts'
import { distillationsRoutes } from './routes/distillations.ts'
import { evalsRoutes } from './routes/evals.ts'
import { filesRoutes } from './routes/files.ts'
import { gradersRoutes } from './routes/graders.ts'
import { jobsRoutes } from './routes/jobs.ts'
import { modelsRoutes } from './routes/models.ts'
import { storedCompletionsRoutes } from './routes/stored-completions.ts'

export const routeGroups: readonly RouteGroup[] = [
  modelsRoutes,
  aliasesRoutes,
  storedCompletionsRoutes,
  filesRoutes,
  jobsRoutes,
  distillationsRoutes,
  evalsRoutes,
  gradersRoutes,
]
