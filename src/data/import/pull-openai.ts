/**
 * Copies what an endpoint of OpenAI's shape keeps (files, fine-tuning jobs, evals, stored completions) into a folder.
 * Each list is a JSONL file that only grows: where it ends, the next call goes on.
 */
import { appendFile, mkdir, open, readFile, truncate } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PotstillError } from '../../core/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import { writeWhole } from '../../core/write-whole.ts'
import type { Endpoint } from './openai-endpoint.ts'

export interface PullProgress {
  /** The file that grows, relative to the folder. */
  readonly file: string
  readonly items: number
}

export interface PulledList {
  readonly name: 'files' | 'jobs' | 'evals' | 'completions'
  readonly items: number
  /** Of the items, how many came in this call. */
  readonly fresh: number
  /** The endpoint has no such list: it was never there, or was closed, or this key may not see it. */
  readonly missing: boolean
}

interface Pull {
  readonly endpoint: Endpoint
  readonly folder: string
  readonly onProgress: (progress: PullProgress) => void
}

/** The lists in order. @throws what the endpoint throws; what has arrived by then is kept. */
export async function pullOpenai(
  endpoint: Endpoint,
  folder: string,
  onProgress: (progress: PullProgress) => void = () => undefined,
): Promise<readonly PulledList[]> {
  const pull: Pull = { endpoint, folder, onProgress }
  await mkdir(folder, { recursive: true })
  return [await pullFiles(pull), await pullJobs(pull), await pullEvals(pull), await pullCompletions(pull)]
}

async function pullFiles(pull: Pull): Promise<PulledList> {
  return pullList(pull, 'files', '/files?order=asc', 'files.jsonl', async (file) => {
    const content = join('files', safeName(file, file.filename))
    const target = join(pull.folder, content)
    const path = `/files/${pathId(file)}/content`
    const taken = existsSync(target) || (await pull.endpoint.bytes(path, (body) => writeWhole(target, body)))
    return { ...file, content: taken ? content : null }
  })
}

async function pullJobs(pull: Pull): Promise<PulledList> {
  return pullList(pull, 'jobs', '/fine_tuning/jobs', 'jobs.jsonl', async (job) => ({
    ...job,
    events: await all(pull.endpoint, `/fine_tuning/jobs/${pathId(job)}/events`),
    checkpoints: await all(pull.endpoint, `/fine_tuning/jobs/${pathId(job)}/checkpoints`),
  }))
}

async function pullEvals(pull: Pull): Promise<PulledList> {
  return pullList(pull, 'evals', '/evals?order=asc', 'evals.jsonl', async (each) => {
    const runs = `/evals/${pathId(each)}/runs`
    const name = safeName(each)
    await pullList(pull, 'evals', `${runs}?order=asc`, join('evals', name, 'runs.jsonl'), async (run) => {
      const items = join('evals', name, `${safeName(run)}.jsonl`)
      await pullList(pull, 'evals', `${runs}/${pathId(run)}/output_items?order=asc`, items)
      return run
    })
    return each
  })
}

async function pullCompletions(pull: Pull): Promise<PulledList> {
  return pullList(
    pull,
    'completions',
    '/chat/completions?order=asc',
    'completions.jsonl',
    async (completion) => ({
      ...completion,
      messages: await all(pull.endpoint, `/chat/completions/${pathId(completion)}/messages?order=asc`),
    }),
  )
}

/** Appends the items that are not there yet, each on disk before the next is asked for. */
async function pullList(
  { endpoint, folder, onProgress }: Pull,
  name: PulledList['name'],
  path: string,
  file: string,
  complete: (item: JsonObject) => Promise<JsonObject> = async (item) => item,
): Promise<PulledList> {
  const target = join(folder, file)
  const known = new Set(await readIds(target))
  const before = known.size
  let missing = false
  for await (const page of pagesFrom(endpoint, path, [...known].at(-1) ?? null)) {
    missing = page === null
    for (const item of (page ?? []).filter((each) => !known.has(idOf(each)))) {
      await append(target, await complete(item))
      known.add(idOf(item))
      onProgress({ file, items: known.size })
    }
  }
  return { name, items: known.size, fresh: known.size - before, missing }
}

/** Lists that come newest first are read from the top, where the new items are; so is one that has lost its last item. */
async function* pagesFrom(
  endpoint: Endpoint,
  path: string,
  last: string | null,
): ReturnType<Endpoint['pages']> {
  const after = path.includes('order=asc') ? last : null
  for await (const page of endpoint.pages(path, after)) {
    if (page === null && after !== null) yield* endpoint.pages(path, null)
    else yield page
  }
}

async function all(endpoint: Endpoint, path: string): Promise<readonly JsonObject[]> {
  const items: JsonObject[] = []
  for await (const page of endpoint.pages(path, null)) items.push(...(page ?? []))
  return items
}

/** The ids in a list that a call before wrote; a last line that a crash cut is taken off. */
async function readIds(file: string): Promise<string[]> {
  if (!existsSync(file)) return []
  const text = await readFile(file, 'utf8')
  const end = text.lastIndexOf('\n') + 1
  if (end < text.length) await truncate(file, Buffer.byteLength(text.slice(0, end)))
  return text
    .slice(0, end)
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const item = parse(line)
      if (isJsonObject(item) && typeof item.id === 'string') return item.id
      throw new PotstillError('DATA_INVALID', `${file}:${index + 1}: no item of an import`, {
        hint: 'Remove the file to fetch it again.',
      })
    })
}

async function append(file: string, item: JsonObject): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await appendFile(file, `${JSON.stringify(item)}\n`)
  const handle = await open(file, 'r+')
  await handle.datasync()
  await handle.close()
}

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json
  } catch {
    return undefined
  }
}

/** @throws DATA_INVALID for an item without one: lists are paged by ids. */
function idOf({ id }: JsonObject): string {
  if (typeof id === 'string' && id !== '') return id
  throw new PotstillError('DATA_INVALID', 'the endpoint gave an item without an id')
}

/** An id as it stands in an address. */
function pathId(item: JsonObject): string {
  return encodeURIComponent(idOf(item))
}

/** The id, and of a file's name what is harmless in a path. */
function safeName(item: JsonObject, name?: Json): string {
  const harmless = (text: string): string =>
    text
      .replaceAll(/[^\w.-]+/gu, '_')
      .replace(/^\.+/u, '_')
      .slice(-100)
  return typeof name === 'string' ? `${harmless(idOf(item))}-${harmless(name)}` : harmless(idOf(item))
}
