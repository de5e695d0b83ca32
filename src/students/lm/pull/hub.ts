/** Where models come from and where they are kept, by the environment's words for it. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { PotstillError } from '../../../core/errors.ts'

export interface Hub {
  /** Without a slash at its end. */
  readonly endpoint: string
  /** Sent to the endpoint's own host only. */
  readonly token: string | null
  /** The hub's cache: a folder "models--owner--name" for each repository. */
  readonly cache: string
  /** For models from other places. */
  readonly ownModels: string
}

/** HF_ENDPOINT, HF_TOKEN, HF_HUB_CACHE, HF_HOME and POTSTILL_HOME. Throws MODEL_FETCH_FAILED for an endpoint that is no address. */
export function hubFrom(environment: NodeJS.ProcessEnv, workingDirectory: string): Hub {
  const endpoint = (environment['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '')
  if (!isWebAddress(endpoint)) {
    const hint = 'Give an address such as https://huggingface.co, or unset it.'
    throw new PotstillError('MODEL_FETCH_FAILED', `HF_ENDPOINT is no address: ${endpoint}`, { hint })
  }
  const home =
    environment['HF_HOME'] || join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'huggingface')
  const data = environment['POTSTILL_HOME'] || '.potstill'
  return {
    endpoint,
    token: environment['HF_TOKEN'] || null,
    cache: resolve(workingDirectory, environment['HF_HUB_CACHE'] || join(home, 'hub')),
    ownModels: resolve(workingDirectory, data, 'models'),
  }
}

/** A path as a config may have it: relative to the working directory, or beginning with "~/". */
export function localPath(name: string, workingDirectory: string): string {
  return name.startsWith('~/') ? join(homedir(), name.slice(2)) : resolve(workingDirectory, name)
}

export function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text)
}
