/** A file that is still arriving: its bytes so far, beside them what is known of the whole, and who is writing. */
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { PotstillError } from '../../../core/errors.ts'
import { isJsonObject } from '../../../core/json.ts'
import { jsonOrNull } from '../weights/json-file.ts'

/** What the server said of the file when its first bytes came; a resumed part must be of the same. */
export interface PartialState {
  readonly etag: string | null
}

const noteOf = (partial: string): string => `${partial}.json`

/** Bytes that have arrived, and of which version; zero bytes where there is nothing or no note of it. */
export async function readPartial(
  partial: string,
): Promise<{ readonly bytes: number; readonly state: PartialState }> {
  const nothing = { bytes: 0, state: { etag: null } }
  const note = await readFile(noteOf(partial), 'utf8').catch(() => null)
  const found = await stat(partial).catch(() => null)
  if (note === null || found === null) return nothing
  const state = parseNote(note)
  return state === null ? nothing : { bytes: found.size, state }
}

function parseNote(text: string): PartialState | null {
  const value = jsonOrNull(text)
  if (!isJsonObject(value)) return null
  return { etag: typeof value.etag === 'string' ? value.etag : null }
}

/** Empties the file, then notes of what it will be the beginning. */
export async function beginPartial(partial: string, state: PartialState): Promise<void> {
  await removePartial(partial)
  await writeFile(noteOf(partial), JSON.stringify(state))
  await writeFile(partial, '')
}

/** Adds what comes; everything that came before an error is kept. */
export async function appendPartial(
  partial: string,
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (count: number) => void,
): Promise<void> {
  const handle = await open(partial, 'a')
  try {
    for await (const chunk of chunks) {
      await handle.writeFile(chunk)
      onBytes(chunk.length)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
}

export async function removePartial(partial: string): Promise<void> {
  await rm(partial, { force: true })
  await rm(noteOf(partial), { force: true })
}

/** Runs while no other process of this machine works on the same file. Throws MODEL_FETCH_FAILED while one does. */
export async function whileLocked<T>(partial: string, work: () => Promise<T>): Promise<T> {
  const lock = `${partial}.lock`
  await takeLock(lock)
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function takeLock(lock: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const isTaken = await writeFile(lock, String(process.pid), { flag: 'wx' }).then(
      () => false,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return true
        throw error
      },
    )
    if (!isTaken) return
    const owner = Number(await readFile(lock, 'utf8').catch(() => '0'))
    if (attempt > 0 || isAlive(owner)) {
      const hint = `Wait for process ${owner}, or stop it; should there be none, remove ${lock}.`
      throw new PotstillError('MODEL_FETCH_FAILED', `process ${owner} is fetching the same file`, { hint })
    }
    await rm(lock, { force: true })
  }
}

/** A process that belongs to someone else is alive too. */
function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
