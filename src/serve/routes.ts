/** The groups of routes that are mounted below /v1, in order. A group is one file: `(deps) => new Hono()`, with paths such as '/files/:id'. */
import type { RouteGroup } from './deps.ts'
import { filesRoutes } from './routes/files.ts'
import { jobsRoutes } from './routes/jobs.ts'
import { storedCompletionsRoutes } from './routes/stored-completions.ts'

export const routeGroups: readonly RouteGroup[] = [storedCompletionsRoutes, filesRoutes, jobsRoutes]
