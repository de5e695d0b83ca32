/** Writes a file whole or not at all: under a temporary name beside it, flushed to disk, then renamed. */
import { randomUUID } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

type Chunk = string | Uint8Array

/**
 * Creates missing folders and replaces a file that is there. Who reads the file sees the old content or the
 * new, also after a crash. When a chunk or the disk fails, nothing is left behind and the error is thrown.
 */
export async function writeWhole(
  file: string,
  content: Chunk | Iterable<Chunk> | AsyncIterable<Chunk>,
): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await writeThrough(temporary, isChunk(content) ? [content] : content)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await flushFolder(dirname(file))
}

function isChunk(content: Chunk | Iterable<Chunk> | AsyncIterable<Chunk>): content is Chunk {
  return typeof content === 'string' || content instanceof Uint8Array
}

async function writeThrough(file: string, chunks: Iterable<Chunk> | AsyncIterable<Chunk>): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    for await (const chunk of gather(chunks)) await handle.writeFile(chunk)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Joins short texts, so that a file of many lines is not as many system calls. */
async function* gather(chunks: Iterable<Chunk> | AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  let text = ''
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') text += chunk
    if (typeof chunk === 'string' && text.length < 65_536) continue
    if (text !== '') yield text
    text = ''
    if (typeof chunk !== 'string') yield chunk
  }
  if (text !== '') yield text
}

/** Makes the new name survive a power cut; some file systems do not let a folder be flushed. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null)
  if (handle === null) return
  await handle.sync().catch(() => {})
  await handle.close()
}
