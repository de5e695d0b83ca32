/** Finds the base model that a config names, on this machine: it never goes to the network. */
import { PotstillError } from '../../../core/errors.ts'
import { hubFrom, localPath } from './hub.ts'
import { cachedModel, exists } from './hub-cache.ts'
import { parseModelName } from './model-name.ts'
import { urlTarget } from './pull-model.ts'

/**
 * `name` is a path (relative to the working directory), an address or a repository; gives the path that openBaseModel
 * takes. Throws MODEL_FETCH_FAILED with the command that fetches it where it is not there.
 */
export async function resolveBase(
  name: string,
  environment: NodeJS.ProcessEnv,
  workingDirectory: string,
): Promise<string> {
  const local = localPath(name, workingDirectory)
  if (await exists(local)) return local
  const hub = hubFrom(environment, workingDirectory)
  const parsed = parseModelName(name, hub)
  if (parsed.kind === 'path') {
    const hint = 'Check the path, or give owner/name of a repository on the hub.'
    throw new PotstillError('MODEL_FETCH_FAILED', `there is no model at ${local}`, { hint })
  }
  const found = parsed.kind === 'url' ? urlTarget(hub.ownModels, parsed.url) : await cachedModel(hub, parsed)
  if (found !== null && (await exists(found))) return found
  const hint = `Fetch it: \`potstill models pull ${name}\`.`
  throw new PotstillError('MODEL_FETCH_FAILED', `the model ${name} is not on this machine`, { hint })
}
