/** Multipart bodies, streamed: the one file to disk, the fields into memory. Nothing of a broken upload stays. */
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy'
import { HTTPException } from 'hono/http-exception'
import { createWriteStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { apiError } from '../api-error.ts'
import { cleanFileName } from './file-name.ts'

export interface Upload {
  readonly name: string
  readonly bytes: number
  readonly fields: ReadonlyMap<string, string>
}

export interface UploadLimits {
  readonly fileBytes: number
}

const mostParts = 50
const longestField = 10_000
/** Of the body, beside the file. */
const roomForForm = 1_048_576

/**
 * Writes the part named "file" to `path` and flushes it. Fields may come before it or after.
 * @throws ApiError 400 for anything but one file, 413 above the limit; `path` is then gone.
 */
export async function receiveUpload(request: Request, path: string, limits: UploadLimits): Promise<Upload> {
  try {
    const upload = await parse(request, path, limits)
    await flush(path)
    return upload
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

async function parse(request: Request, path: string, { fileBytes }: UploadLimits): Promise<Upload> {
  refuseDeclaredSize(request, fileBytes)
  const fields = new Map<string, string>()
  const parser = openParser(request, fileBytes)
  let problem: Error | null = null
  let saved: Promise<SavedFile> | null = null
  const given = new AbortController()
  /** The rest of the form is read and forgotten: a client hears of its fault once it has sent all. */
  const refuse = (error: Error): void => void (problem ??= error)
  parser.on('field', (name, value, nameTruncated, valueTruncated) => {
    if (nameTruncated || valueTruncated) {
      refuse(apiError(400, `The field ${name.slice(0, 80)} is too long.`, { param: 'file' }))
    }
    fields.set(name, value)
  })
  parser.on('file', (field, stream, name) => {
    // Here there may be no end to wait for.
    stream.on('limit', () => parser.destroy(tooLarge(fileBytes)))
    if (field === 'file' && saved === null) {
      saved = save(stream, path, name ?? '', given.signal)
      saved.catch(() => {})
      return
    }
    stream.resume()
    refuse(
      apiError(400, `Expected one file, in the field "file"; there is another in "${field.slice(0, 80)}".`, {
        param: 'file',
      }),
    )
  })
  parser.on('partsLimit', () => refuse(apiError(400, `The form has more than ${mostParts} parts.`)))
  try {
    await pipeline(counted(bodyOf(request), fileBytes), parser)
    // Only the parser tells it: without a file there is nothing to wait for.
    const file = await (saved as Promise<SavedFile> | null)
    if (file !== null && problem === null) return { ...file, fields }
  } catch (error) {
    // A parser that fails leaves the stream of its file open.
    given.abort()
    await (saved as Promise<SavedFile> | null)?.catch(() => {})
    throw error instanceof HTTPException ? error : (problem ?? brokenOff(error))
  }
  throw problem ?? apiError(400, 'There is no file: send it in the field "file".', { param: 'file' })
}

interface SavedFile {
  readonly name: string
  readonly bytes: number
}

async function save(
  stream: BusboyFileStream,
  path: string,
  name: string,
  signal: AbortSignal,
): Promise<SavedFile> {
  await pipeline(stream, createWriteStream(path, { flags: 'wx' }), { signal })
  return { name: cleanFileName(name), bytes: stream.bytesRead }
}

/** Parts that are no file have no end to them either. */
async function* counted(chunks: AsyncIterable<Uint8Array>, fileBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.byteLength
    if (bytes > fileBytes + roomForForm) throw tooLarge(fileBytes)
    yield chunk
  }
}

function bodyOf(request: Request): Readable {
  if (request.body === null) throw apiError(400, 'The request has no body.', { param: 'file' })
  return Readable.fromWeb(request.body)
}

/** A disk that is full is ours to answer for; all else is a body that was cut off or is no multipart. */
function brokenOff(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EIO' || code === 'EACCES') return error
  return apiError(400, 'The multipart body is broken off or malformed.', { param: 'file' })
}

function refuseDeclaredSize(request: Request, fileBytes: number): void {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > fileBytes + roomForForm) throw tooLarge(fileBytes)
}

function tooLarge(fileBytes: number): Error {
  return apiError(413, `The file is larger than ${Math.round(fileBytes / 1024 / 1024)} MB.`, {
    param: 'file',
  })
}

function openParser(request: Request, fileSize: number): BusboyInstance {
  const contentType = request.headers.get('content-type') ?? ''
  if (!contentType.toLowerCase().startsWith('multipart/form-data')) {
    throw apiError(400, 'Send the file as multipart/form-data.', { param: 'file' })
  }
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      // cleanFileName does that, for both kinds of slashes.
      preservePath: true,
      limits: { fileSize, fieldSize: longestField, parts: mostParts },
    })
  } catch {
    throw apiError(400, 'The content type of the form names no boundary.', { param: 'file' })
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
