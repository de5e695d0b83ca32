/** Fetches a base model, from the hub or from an address, to where resolveBase finds it. */
import { createHash } from 'node:crypto'
import { mkdir, stat, statfs } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { PotstillError } from '../../../core/errors.ts'
import { architectureFromConfig } from '../weights/config-architecture.ts'
import { readJsonFile } from '../weights/json-file.ts'
import { chooseFiles } from './choose-files.ts'
import { download } from './download.ts'
import { hubFrom, localPath } from './hub.ts'
import { blobFile, exists, showBlob, snapshotFolder, writeRef } from './hub-cache.ts'
import { parseModelName, type Repository } from './model-name.ts'
import { describeFile, listRepository, type HubContext, type RemoteFile } from './repository-files.ts'

export interface PullProgress {
  readonly file: string
  /** Bytes of all files that are fetched, so far and in all; `total` is null where a server does not say. */
  readonly done: number
  readonly total: number | null
}

export interface PullOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly workingDirectory: string
  /** A .gguf file of the repository. */
  readonly file?: string
  readonly onProgress?: (progress: PullProgress) => void
  readonly signal?: AbortSignal
  /** For tests. */
  readonly sleep?: (ms: number) => Promise<void>
}

interface PullContext extends HubContext {
  readonly onProgress: (progress: PullProgress) => void
}

/**
 * Gives the path that openBaseModel takes. A path is given back as it is. What is there already is not fetched again.
 * Throws MODEL_FETCH_FAILED, MODEL_UNSUPPORTED (before weights are fetched, where config.json says so), INTERRUPTED.
 */
export async function pullModel(name: string, options: PullOptions): Promise<string> {
  const { environment, workingDirectory, file, signal } = options
  const hub = hubFrom(environment, workingDirectory)
  const context: PullContext = {
    hub,
    signal,
    sleep: options.sleep ?? ((ms) => wait(ms, undefined, { signal })),
    onProgress: options.onProgress ?? (() => undefined),
  }
  const local = localPath(name, workingDirectory)
  if (await exists(local)) return local
  const parsed = parseModelName(file === undefined ? name : `${name}:${file}`, hub)
  if (parsed.kind === 'repository') return pullRepository(context, parsed)
  if (parsed.kind === 'url') return pullUrl(context, parsed.url)
  const hint = 'Give a path that exists, owner/name or owner/name:file.gguf of a repository, or an address.'
  throw new PotstillError('MODEL_FETCH_FAILED', `there is no model at ${local}`, { hint })
}

async function pullRepository(context: PullContext, repository: Repository): Promise<string> {
  const { hub } = context
  const { commit, files } = await listRepository(context, repository)
  const chosen = chooseFiles(repository, files)
  const folder = snapshotFolder(hub, repository, commit)
  const missing: RemoteFile[] = []
  for (const name of chosen) {
    if (!(await exists(join(folder, name)))) {
      missing.push(await describeFile(context, repository, commit, name))
    }
  }
  await checkSpace(hub.cache, missing)
  await fetchAll(context, repository, folder, missing)
  await writeRef(hub, repository, commit)
  return chosen.length === 1 ? join(folder, chosen[0]) : folder
}

async function fetchAll(
  context: PullContext,
  repository: Repository,
  folder: string,
  files: readonly RemoteFile[],
): Promise<void> {
  const sizes = files.map(({ size }) => size)
  const total = sizes.includes(null) ? null : sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
  let before = 0
  for (const file of files) {
    const blob = blobFile(context.hub, repository, file.etag)
    const onProgress = (done: number): void =>
      context.onProgress({ file: file.name, done: before + done, total })
    if (!(await exists(blob))) await download({ ...file, target: blob }, { ...context, onProgress })
    before += (await stat(blob)).size
    await showBlob(blob, join(folder, file.name))
    if (file.name === 'config.json') {
      const path = join(folder, file.name)
      architectureFromConfig(path, await readJsonFile(path))
    }
  }
}

async function pullUrl(context: PullContext, url: string): Promise<string> {
  const target = urlTarget(context.hub.ownModels, url)
  if (await exists(target)) return target
  const file = basename(target)
  await download(
    { url, target, size: null, hash: null },
    { ...context, onProgress: (done, total) => context.onProgress({ file, done, total }) },
  )
  return target
}

/** Where a file from an address lies: two addresses never share a place. */
export function urlTarget(ownModels: string, url: string): string {
  const place = createHash('sha256').update(url).digest('hex').slice(0, 12)
  const name = basename(decodeURIComponent(new URL(url).pathname)).replaceAll(/[^\w.-]/g, '_')
  return join(ownModels, place, name)
}

/** Better known before than after an hour. */
async function checkSpace(folder: string, files: readonly RemoteFile[]): Promise<void> {
  const bytes = files.reduce((sum, { size }) => sum + (size ?? 0), 0)
  await mkdir(folder, { recursive: true })
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= bytes) return
  const gigabytes = (count: number): string => `${(count / 1e9).toFixed(1)} GB`
  const message = `the model takes ${gigabytes(bytes)}, and ${folder} has room for ${gigabytes(bavail * bsize)}`
  throw new PotstillError('MODEL_FETCH_FAILED', message, {
    hint: 'Make room, or set HF_HOME to a folder on another disk.',
  })
}
