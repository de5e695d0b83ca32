/** The groups of routes that are mounted below /v1, in order. A group is one file: `(deps) => new Hono()`, with paths such as '/files/:id'. */
import type { RouteGroup } from './deps.ts'
import { storedCompletionsRoutes } from './routes/stored-completions.ts'

export const routeGroups: readonly RouteGroup[] = [storedCompletionsRoutes]
