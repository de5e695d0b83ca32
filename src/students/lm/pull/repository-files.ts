/** What the hub says about a repository: its commit, its files, and size and hash of each. */
import { PotstillError } from '../../../core/errors.ts'
import { isJsonObject } from '../../../core/json.ts'
import { jsonOrNull } from '../weights/json-file.ts'
import { ask, headerOf, type Answer } from './ask.ts'
import type { ExpectedHash } from './download.ts'
import type { Hub } from './hub.ts'
import { safeFile, type Repository } from './model-name.ts'
import { persist, type Patience } from './persist.ts'
import { refusal } from './refusal.ts'

export interface Listing {
  readonly commit: string
  readonly files: readonly string[]
}

export interface RemoteFile {
  readonly name: string
  readonly url: string
  /** What the cache files it under. */
  readonly etag: string
  readonly size: number | null
  readonly hash: ExpectedHash | null
}

export interface HubContext extends Patience {
  readonly hub: Hub
}

/** Throws MODEL_FETCH_FAILED where there is no such repository or the answer is not the hub's. */
export async function listRepository(context: HubContext, repository: Repository): Promise<Listing> {
  const { hub } = context
  const revision = encodeURIComponent(repository.revision)
  const url = `${hub.endpoint}/api/models/${repository.id}/revision/${revision}`
  return persist(url, context, {
    work: async () => {
      const answer = await ask(hub, { method: 'GET', url, signal: context.signal })
      if (answer.status !== 200) throw await refused(answer, url, hub)
      return readListing(url, await answer.body.text())
    },
  })
}

function readListing(url: string, text: string): Listing {
  const value = jsonOrNull(text)
  const { sha, siblings } = isJsonObject(value) ? value : {}
  if (typeof sha !== 'string' || !/^[0-9a-f]{7,64}$/.test(sha) || !Array.isArray(siblings)) {
    throw new PotstillError('MODEL_FETCH_FAILED', `${url} did not answer as the hub does`)
  }
  const names = (siblings as unknown[]).map((sibling) => (isJsonObject(sibling) ? sibling.rfilename : null))
  return { commit: sha, files: names.filter((name) => typeof name === 'string') }
}

/** Asks for the head of a file: neither its content nor what it redirects to. */
export async function describeFile(
  context: HubContext,
  repository: Repository,
  commit: string,
  name: string,
): Promise<RemoteFile> {
  const { hub, signal } = context
  const path = safeFile(name).split('/').map(encodeURIComponent).join('/')
  const url = `${hub.endpoint}/${repository.id}/resolve/${commit}/${path}`
  return persist(url, context, {
    work: async () => {
      const answer = await ask(hub, { method: 'HEAD', url, stay: true, signal })
      if (answer.status >= 400) throw await refused(answer, url, hub)
      await answer.body.dump()
      return { name, url, ...factsOf(answer, url) }
    },
  })
}

/** The hub's own headers speak of the file itself, its ETag and length only where it does not redirect. */
function factsOf({ status, hubHeaders }: Answer, url: string): Pick<RemoteFile, 'etag' | 'size' | 'hash'> {
  const linked = headerOf(hubHeaders, 'x-linked-etag')
  const isOwn = status < 300
  const etag = plainEtag(linked ?? (isOwn ? headerOf(hubHeaders, 'etag') : null))
  const length =
    headerOf(hubHeaders, 'x-linked-size') ?? (isOwn ? headerOf(hubHeaders, 'content-length') : null)
  const isFromGit = headerOf(hubHeaders, 'x-repo-commit') !== null
  return { etag: etag ?? url, size: length === null ? null : Number(length), hash: hashFrom(etag, isFromGit) }
}

function plainEtag(etag: string | null): string | null {
  return etag === null ? null : etag.replace(/^W\//, '').replaceAll('"', '')
}

/** Large files are named by SHA-256, small ones by git's SHA-1. */
function hashFrom(etag: string | null, isFromGit: boolean): ExpectedHash | null {
  if (etag !== null && /^[0-9a-f]{64}$/.test(etag)) return { algorithm: 'sha256', value: etag }
  if (etag !== null && isFromGit && /^[0-9a-f]{40}$/.test(etag)) return { algorithm: 'git-sha1', value: etag }
  return null
}

async function refused(answer: Answer, url: string, hub: Hub): Promise<Error> {
  await answer.body.dump()
  return refusal(answer.status, answer.headers, url, hub.token !== null)
}
