/** What training needs to go on after a crash, in one file: a line of JSON, then the arrays as they lie in memory. */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../../../core/json.ts'
import { writeWhole } from '../../../core/write-whole.ts'

/** Whatever decides the result; a checkpoint of anything else is not gone on with. */
export type CheckpointKey = string

export interface Checkpoint<State> {
  readonly state: State
  /** F32, all as long as when they were written. */
  readonly arrays: Readonly<Record<string, Float32Array>>
}

const fileName = 'training.checkpoint'
const format = 1

/** Replaces the last one, whole or not at all. */
export async function writeCheckpoint<State>(
  folder: string,
  key: CheckpointKey,
  { state, arrays }: Checkpoint<State>,
): Promise<void> {
  const lengths = Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, array.length]))
  const head = Buffer.from(`${JSON.stringify({ format, key, lengths, state })}\n`)
  const bodies = Object.values(arrays).map((a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength))
  await writeWhole(join(folder, fileName), [head, ...bodies])
}

/** Null where there is none, or one of another training. */
export async function readCheckpoint<State>(
  folder: string,
  key: CheckpointKey,
): Promise<Checkpoint<State> | null> {
  const bytes = await readFile(join(folder, fileName)).catch(() => null)
  if (bytes === null) return null
  const headEnd = bytes.indexOf('\n')
  const head = parseHead(bytes.subarray(0, Math.max(0, headEnd)).toString('utf8'))
  if (head?.format !== format || head.key !== key || !isJsonObject(head.lengths)) return null
  const arrays: Record<string, Float32Array> = {}
  let at = headEnd + 1
  for (const [name, length] of Object.entries(head.lengths)) {
    const end = at + 4 * Number(length)
    if (!(end <= bytes.length)) return null
    // A copy: the body need not begin at a multiple of four bytes.
    arrays[name] = new Float32Array(Uint8Array.from(bytes.subarray(at, end)).buffer)
    at = end
  }
  return { state: head.state as State, arrays }
}

function parseHead(text: string): Record<string, unknown> | null {
  try {
    const head: unknown = JSON.parse(text)
    return isJsonObject(head) ? head : null
  } catch {
    return null
  }
}

export async function removeCheckpoint(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}
