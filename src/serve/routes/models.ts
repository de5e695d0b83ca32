/** Models: what answers here, and the end of those that jobs have made. */
import { Hono } from 'hono'
import type { Model, ModelDeleted } from 'openai/resources/models'
import { PotstillError } from '../../core/errors.ts'
import type { RouteGroup, ServeDeps, ServeEnv } from '../deps.ts'
import { deleteFineTuned, listModels, unknownModel } from '../list-models.ts'

export const modelsRoutes: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  app.get('/models', async (c) =>
    c.json<{ readonly object: 'list'; readonly data: readonly Model[] }>({
      object: 'list',
      data: await listModels(deps),
    }),
  )
  // Names of providers' models have slashes, which not every client escapes.
  app.get('/models/:id{.+}', async (c) => c.json<Model>(await findModel(deps, c.req.param('id'))))
  app.delete('/models/:id{.+}', async (c) => {
    const id = c.req.param('id')
    await deleteFineTuned(deps, id)
    return c.json<ModelDeleted>({ id, object: 'model', deleted: true })
  })
  return app
}

/** Listed or not, such as a checkpoint, "support-desk@2" or a provider's newest: what would answer, is there. */
async function findModel(deps: ServeDeps, id: string): Promise<Model> {
  const listed = (await listModels(deps)).find((model) => model.id === id)
  if (listed !== undefined) return listed
  try {
    const { target } = await deps.models.resolve(id)
    const owner = target.kind === 'provider' ? target.provider.name : 'potstill'
    return { id, object: 'model', created: 0, owned_by: owner }
  } catch (error) {
    if (error instanceof PotstillError) throw unknownModel(id)
    throw error
  }
}
