/** Fetches one file: goes on where it was cut, checks what came, and lets it appear under its name only when whole. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PotstillError } from '../../../core/errors.ts'
import { ask, headerOf, type Answer } from './ask.ts'
import type { Hub } from './hub.ts'
import { shownUrl } from './model-name.ts'
import { appendPartial, beginPartial, readPartial, removePartial, whileLocked } from './partial-file.ts'
import { persist, type Patience } from './persist.ts'
import { refusal, TryAgain } from './refusal.ts'

/** How the bytes are known to be right: SHA-256 of the content, or git's SHA-1 of it as a blob. */
export interface ExpectedHash {
  readonly algorithm: 'sha256' | 'git-sha1'
  readonly value: string
}

export interface Download {
  readonly url: string
  /** Where the whole file will lie. */
  readonly target: string
  /** Bytes; null where nobody says. */
  readonly size: number | null
  readonly hash: ExpectedHash | null
}

export interface DownloadContext extends Patience {
  readonly hub: Pick<Hub, 'endpoint' | 'token'>
  /** Bytes of this file so far, and of the whole where known. */
  readonly onProgress: (done: number, total: number | null) => void
}

/**
 * Throws MODEL_FETCH_FAILED when the server refuses, keeps failing, or the content is not what was promised;
 * INTERRUPTED when the signal is aborted. What has arrived stays for the next time, but for wrong content.
 */
export async function download(file: Download, context: DownloadContext): Promise<void> {
  const partial = `${file.target}.incomplete`
  await mkdir(dirname(partial), { recursive: true })
  await whileLocked(partial, async () => {
    await fetchWhole(file, partial, context)
    await checkHash(file, partial)
    await rename(partial, file.target)
    await removePartial(partial)
  })
}

async function fetchWhole(file: Download, partial: string, context: DownloadContext): Promise<void> {
  let most = await sizeOf(partial)
  await persist(shown(file), context, {
    work: () => fetchRest(file, partial, context),
    hasMoved: async () => {
      const bytes = await sizeOf(partial)
      const hasMoved = bytes > most
      most = Math.max(most, bytes)
      return hasMoved
    },
  })
}

/** One attempt, from where the last one was cut. */
async function fetchRest(file: Download, partial: string, context: DownloadContext): Promise<void> {
  const { bytes, state } = await readPartial(partial)
  if (bytes > 0 && bytes === file.size) return
  const isSure = state.etag !== null || file.hash !== null
  const from = isSure && (file.size === null || bytes < file.size) ? bytes : 0
  const answer = await ask(context.hub, {
    method: 'GET',
    url: file.url,
    headers: from === 0 ? {} : rangeHeaders(from, state.etag),
    signal: context.signal,
  })
  const start = await startOf(answer, { from, etag: state.etag }, file, partial, context)
  const total = file.size ?? totalOf(answer, start)
  let done = start
  context.onProgress(done, total)
  await appendPartial(partial, answer.body, (count) => {
    done += count
    context.onProgress(done, total)
  })
  if (total !== null && done < total)
    throw new TryAgain(`the connection ended after ${done} of ${total} bytes`)
  if (total !== null && done > total) {
    await removePartial(partial)
    throw failed(file, `sent ${done} bytes, expected ${total}`)
  }
}

function rangeHeaders(from: number, etag: string | null): Record<string, string> {
  return { range: `bytes=${from}-`, ...(etag === null ? {} : { 'if-range': etag }) }
}

/** Where the body begins in the file: a server that cannot go on, or whose file has changed, sends it from the start. */
async function startOf(
  answer: Answer,
  { from, etag }: { readonly from: number; readonly etag: string | null },
  file: Download,
  partial: string,
  { hub }: DownloadContext,
): Promise<number> {
  const { status, headers, body } = answer
  if (status === 206 && from > 0) {
    const isSame = etag === null || strongEtag(headers) === null || strongEtag(headers) === etag
    if (isSame && rangeOf(headers)?.from === from) return from
    await drop(body)
    await removePartial(partial)
    throw new TryAgain('the server sent another part than was asked for')
  }
  if (status === 416 && from > 0) {
    await drop(body)
    await removePartial(partial)
    throw new TryAgain('the server has no such part of the file')
  }
  if (status !== 200) {
    await drop(body)
    throw refusal(status, headers, shown(file), hub.token !== null)
  }
  await beginPartial(partial, { etag: strongEtag(headers) })
  return 0
}

/** Ends an answer whose body is of no use, however long it is. */
async function drop(body: Answer['body']): Promise<void> {
  await body.dump({ limit: 65_536 }).catch(() => undefined)
}

/** Only a strong one promises the same bytes. */
function strongEtag(headers: Answer['headers']): string | null {
  const etag = headerOf(headers, 'etag')
  return etag === null || etag.startsWith('W/') ? null : etag
}

function rangeOf(
  headers: Answer['headers'],
): { readonly from: number; readonly total: number | null } | null {
  const found = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headerOf(headers, 'content-range') ?? '')
  return found === null ? null : { from: Number(found[1]), total: found[2] === '*' ? null : Number(found[2]) }
}

function totalOf({ status, headers }: Answer, start: number): number | null {
  if (status === 206) return rangeOf(headers)?.total ?? null
  const length = headerOf(headers, 'content-length')
  return length === null ? null : start + Number(length)
}

async function checkHash(file: Download, partial: string): Promise<void> {
  if (file.hash === null) return
  const found = await hashOf(partial, file.hash.algorithm)
  if (found === file.hash.value) return
  await removePartial(partial)
  throw failed(file, `sent content of the hash ${found}, expected ${file.hash.value}`)
}

async function hashOf(path: string, algorithm: ExpectedHash['algorithm']): Promise<string> {
  const hash = createHash(algorithm === 'sha256' ? 'sha256' : 'sha1')
  if (algorithm === 'git-sha1') hash.update(`blob ${await sizeOf(path)}\0`)
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    hash.update(chunk as Buffer)
  return hash.digest('hex')
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null)
  return found?.size ?? 0
}

const shown = (file: Download): string => shownUrl(new URL(file.url))

function failed(file: Download, problem: string): PotstillError {
  const hint = 'Run the same command again; should it stay so, the file at its source is damaged.'
  return new PotstillError('MODEL_FETCH_FAILED', `${shown(file)} ${problem}`, { hint })
}
