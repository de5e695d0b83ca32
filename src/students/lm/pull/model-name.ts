/** What a base model's name means: a path, an address of a file, or a repository on the hub. */
import { PotstillError } from '../../../core/errors.ts'
import { isWebAddress, type Hub } from './hub.ts'

export interface Repository {
  readonly kind: 'repository'
  /** "owner/name" */
  readonly id: string
  readonly revision: string
  /** The GGUF file in it that is meant; absent: its safetensors. */
  readonly file?: string
}

export type ModelName =
  | Repository
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'path'; readonly path: string }

const repositoryPattern = /^([\w][\w.-]*\/[\w][\w.-]*)(?:@([\w./-]+))?(?::(.+\.gguf))?$/i

/**
 * "owner/name", "owner/name@revision", "owner/name:file.gguf", an http address of a .gguf file (one of the hub's own
 * is taken for the repository's file), else a path. Whether a path of that name exists is for the caller to look.
 * Throws MODEL_UNSUPPORTED for an address of something else.
 */
export function parseModelName(name: string, hub: Pick<Hub, 'endpoint'>): ModelName {
  if (isWebAddress(name)) return parseAddress(name, hub)
  const [, id, revision = 'main', file] = repositoryPattern.exec(name) ?? []
  if (id === undefined || isUnsafe(id) || isUnsafe(revision)) return { kind: 'path', path: name }
  // A path that ends in .gguf without a colon is a file.
  if (file === undefined && /\.gguf$/i.test(name)) return { kind: 'path', path: name }
  return { kind: 'repository', id, revision, ...(file === undefined ? {} : { file: safeFile(file) }) }
}

function parseAddress(name: string, { endpoint }: Pick<Hub, 'endpoint'>): ModelName {
  const url = new URL(name)
  const own = name.startsWith(`${endpoint}/`) ? name.slice(endpoint.length + 1) : ''
  const [, id, revision, file] = /^([^/]+\/[^/]+)\/(?:resolve|blob)\/([^/]+)\/([^?#]+)/.exec(own) ?? []
  if (id !== undefined) {
    return { kind: 'repository', id, revision, file: safeFile(decodeURIComponent(file)) }
  }
  if (/^[^/?#]+\/[^/?#]+\/?$/.test(own)) return parseModelName(own.replace(/\/$/, ''), { endpoint })
  if (url.pathname.toLowerCase().endsWith('.gguf')) return { kind: 'url', url: name }
  const hint = 'Give the address of a .gguf file, or a repository as owner/name.'
  throw new PotstillError('MODEL_UNSUPPORTED', `${shownUrl(url)} is not the address of a .gguf file`, {
    hint,
  })
}

/** A file's name within a repository, which must not lead out of the folder that it will lie in. */
export function safeFile(file: string): string {
  if (!isUnsafe(file) && !file.startsWith('/')) return file
  throw new PotstillError(
    'MODEL_FETCH_FAILED',
    `${JSON.stringify(file)} is no name of a file in a repository`,
  )
}

function isUnsafe(path: string): boolean {
  return (
    path.includes('\\') || path.includes('\0') || path.split('/').some((part) => part === '..' || part === '')
  )
}

/** For messages: without what may be a secret in the query or before the host. */
export function shownUrl(url: URL): string {
  return `${url.origin}${url.pathname}`
}
