/** SHA-256 over weights, remembered by path, size and time so that a model opens fast the second time. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isJsonObject } from '../../../core/json.ts'
import { writeWhole } from '../../../core/write-whole.ts'
import { jsonOrNull } from './json-file.ts'

/** Hashing less takes less time than looking it up. */
const leastRememberedBytes = 16 * 1024 * 1024
const mostRemembered = 200

/** POTSTILL_HOME/cache, else the user's cache folder. */
export function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const home = environment['POTSTILL_HOME']
  if (home) return join(home, 'cache')
  return join(environment['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'potstill')
}

/**
 * 64 hexadecimal digits over the files' bytes, one after another. A file that is changed without a change of size or
 * time is not noticed. A cache that cannot be written is done without.
 */
export async function hashWeights(files: readonly string[], cache: string): Promise<string> {
  const states = await Promise.all(files.map(async (file) => ({ file, ...(await fileState(file)) })))
  const total = states.reduce((sum, { size }) => sum + size, 0)
  if (total < leastRememberedBytes) return hashFiles(files)
  const key = states.map(({ file, size, time }) => `${file}|${size}|${time}`).join('\n')
  const memory = join(cache, 'weights-sha256.json')
  const known = await readMemory(memory)
  const remembered = known.get(key)
  if (remembered !== undefined) return remembered
  const hash = await hashFiles(files)
  const entries = [...(await readMemory(memory)), [key, hash] as const].slice(-mostRemembered)
  await writeWhole(memory, `${JSON.stringify(Object.fromEntries(entries), null, 1)}\n`).catch(() => undefined)
  return hash
}

async function fileState(file: string): Promise<{ readonly size: number; readonly time: string }> {
  const { size, mtimeNs } = await stat(file, { bigint: true })
  return { size: Number(size), time: String(mtimeNs) }
}

async function readMemory(memory: string): Promise<Map<string, string>> {
  const text = await readFile(memory, 'utf8').catch(() => '{}')
  const value = jsonOrNull(text)
  const entries = isJsonObject(value) ? Object.entries(value) : []
  return new Map(entries.filter((entry): entry is [string, string] => isHash(entry[1])))
}

const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

async function hashFiles(files: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) {
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      hash.update(chunk as Buffer)
    }
  }
  return hash.digest('hex')
}
