/** JSON bodies of the routes that manage: read within a limit, checked, faults named by field. */
import type { Context } from 'hono'
import type { z } from 'zod'
import { apiError } from './api-error.ts'
import type { ServeEnv } from './deps.ts'

const usualMostBytes = 1_048_576

/** @throws a 400 that names the field, 413 above so many bytes, a megabyte by default. An absent body reads as {}. */
export async function readJsonBody<Schema extends z.ZodType>(
  c: Context<ServeEnv>,
  schema: Schema,
  mostBytes = usualMostBytes,
): Promise<z.output<Schema>> {
  const text = await readText(c.req.raw, mostBytes)
  const parsed = schema.safeParse(text.trim() === '' ? {} : parseJson(text))
  if (parsed.success) return parsed.data
  const [{ path, message }] = parsed.error.issues
  const param = path.map(String).join('.')
  const where = param === '' ? 'The body' : param
  throw apiError(400, `${where}: ${message}`, param === '' ? {} : { param })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw apiError(400, 'The body is not valid JSON.')
  }
}

async function readText({ body }: Request, mostBytes: number): Promise<string> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += (chunk as Uint8Array).byteLength
    if (bytes > mostBytes) throw apiError(413, `The body is larger than ${mostBytes} bytes.`)
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString()
}
