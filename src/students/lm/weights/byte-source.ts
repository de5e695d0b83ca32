/** A file read by position: nothing is kept in memory, and nothing is read beyond its end. */
import { open } from 'node:fs/promises'
import { messageOf } from '../../../core/errors.ts'
import { invalidFile } from './fault.ts'

export interface ByteSource {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** Exactly these bytes. Throws MODEL_FILE_INVALID when the file ends before, naming `what`. */
  read(offset: number, length: number, what: string): Promise<Buffer>
  readonly close: () => Promise<void>
}

/** Throws MODEL_FILE_INVALID when there is no such file or it cannot be opened. */
export async function openBytes(path: string): Promise<ByteSource> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw invalidFile(path, `cannot be opened: ${messageOf(error)}`, error)
  })
  const { size } = await handle.stat()
  return {
    path,
    size,
    async read(offset, length, what) {
      if (offset + length > size) throw truncated(path, what, offset + length, size)
      const bytes = Buffer.allocUnsafe(length)
      for (let filled = 0; filled < length;) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled)
        if (bytesRead === 0) throw truncated(path, what, offset + length, offset + filled)
        filled += bytesRead
      }
      return bytes
    },
    close: () => handle.close(),
  }
}

function truncated(path: string, what: string, needed: number, size: number): Error {
  return invalidFile(path, `ends too early: ${what} needs ${needed} bytes, the file has ${size}`)
}
