/** Files: uploaded as multipart, checked for what they are for, listed, read back and deleted. */
import type { FileDeleted } from 'openai/resources/files'
import { Hono } from 'hono'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { PotstillError } from '../../core/errors.ts'
import { apiError, toApiError } from '../api-error.ts'
import type { ServeDeps, ServeEnv, RouteGroup } from '../deps.ts'
import { checkFile, uploadPurposes, type CheckedFile, type UploadPurpose } from '../files/check-file.ts'
import {
  filePath,
  findFile,
  keepFile,
  listFiles,
  removeFile,
  temporaryPath,
  type FileView,
  type StoredFile,
} from '../files/file-store.ts'
import { receiveUpload, type Upload } from '../files/receive-upload.ts'
import { readPage, type ListPage } from '../list-page.ts'

const mostFileBytes = 512 * 1024 * 1024

export const filesRoutes: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  app.post('/files', async (c) => c.json<FileView>((await upload(deps, c.req.raw)).view))
  app.get('/files', async (c) => {
    const page = readPage((name) => c.req.query(name), { limit: 10_000, most: 10_000, order: 'desc' })
    const { files, hasMore } = await listFiles(deps, page, c.req.query('purpose'))
    const data = files.map(({ view }) => view)
    const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null }
    return c.json<ListPage<FileView>>({ object: 'list', data, ...ends, has_more: hasMore })
  })
  app.get('/files/:id', async (c) => c.json<FileView>((await existing(deps, c.req.param('id'))).view))
  app.delete('/files/:id', async (c) => {
    const { view } = await existing(deps, c.req.param('id'))
    await removeFile(deps, view.id)
    return c.json<FileDeleted>({ id: view.id, object: 'file', deleted: true })
  })
  app.get('/files/:id/content', async (c) => {
    const file = await existing(deps, c.req.param('id'))
    return new Response(Readable.toWeb(createReadStream(filePath(deps, file))) as ReadableStream, {
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(file.view.bytes),
        'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.view.filename)}`,
        // What a client uploaded is never a page of this server.
        'x-content-type-options': 'nosniff',
      },
    })
  })
  return app
}

async function existing(deps: ServeDeps, id: string): Promise<StoredFile> {
  const file = await findFile(deps, id)
  if (file === null) throw apiError(404, `There is no file ${id}.`, { param: 'id', code: 'not_found' })
  return file
}

/** What does not hold leaves nothing behind. */
async function upload(deps: ServeDeps, request: Request): Promise<StoredFile> {
  const temporary = await temporaryPath(deps)
  try {
    const received = await receiveUpload(request, temporary, { fileBytes: mostFileBytes })
    const purpose = purposeOf(received)
    const expiresAfterSeconds = expiryOf(received)
    const checked = await check(temporary, received, purpose)
    return await keepFile(deps, temporary, { name: received.name, purpose, expiresAfterSeconds, ...checked })
  } finally {
    await rm(temporary, { force: true })
  }
}

async function check(path: string, { name }: Upload, purpose: UploadPurpose): Promise<CheckedFile> {
  try {
    return await checkFile(path, name, purpose)
  } catch (error) {
    if (error instanceof PotstillError) throw toApiError(error, 'file')
    throw error
  }
}

function purposeOf({ fields }: Upload): UploadPurpose {
  const purpose = fields.get('purpose')
  const known = uploadPurposes.find((name) => name === purpose)
  if (known !== undefined) return known
  const given = purpose === undefined ? 'it is missing' : `got ${JSON.stringify(purpose)}`
  throw apiError(400, `purpose must be one of ${uploadPurposes.join(', ')}; ${given}.`, { param: 'purpose' })
}

const [leastSeconds, mostSeconds] = [3600, 2_592_000]

function expiryOf({ fields }: Upload): number | undefined {
  const anchor = fields.get('expires_after[anchor]')
  const seconds = fields.get('expires_after[seconds]')
  if (anchor === undefined && seconds === undefined) return undefined
  if (anchor !== 'created_at') {
    throw apiError(400, 'expires_after[anchor] must be created_at.', { param: 'expires_after' })
  }
  const value = /^\d{1,9}$/.test(seconds ?? '') ? Number(seconds) : 0
  if (value >= leastSeconds && value <= mostSeconds) return value
  throw apiError(
    400,
    `expires_after[seconds] must be a whole number from ${leastSeconds} to ${mostSeconds}.`,
    {
      param: 'expires_after',
    },
  )
}
