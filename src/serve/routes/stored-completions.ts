/** Stored completions: what was kept with `store: true`, listed, read, tagged and deleted. The gateway answers POST /chat/completions. */
import { Hono } from 'hono'
import type {
  ChatCompletion,
  ChatCompletionDeleted,
  ChatCompletionStoreMessage,
} from 'openai/resources/chat/completions'
import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import type { Capture } from '../../core/store.ts'
import { parseBody } from '../../models/chat-reply.ts'
import { apiError } from '../api-error.ts'
import type { RouteGroup, ServeDeps, ServeEnv } from '../deps.ts'
import { readJsonBody } from '../json-body.ts'
import { listPage, readPage, type ListPage } from '../list-page.ts'
import { metadataOfQuery, metadataSchema, type Metadata } from '../metadata.ts'

/** With what the request asked for, as OpenAI gives it back. */
type StoredCompletion = ChatCompletion & { readonly metadata: Metadata } & JsonObject

/** OpenAI types every stored message as the assistant's. */
type StoredMessage = Omit<ChatCompletionStoreMessage, 'role' | 'content_parts'> & {
  readonly role: string
  readonly content_parts: readonly Json[] | null
}

const updateSchema = z.object({ metadata: metadataSchema.nullable() })

export const storedCompletionsRoutes: RouteGroup = (deps) => {
  const app = new Hono<ServeEnv>()
  const { store } = deps
  app.get('/chat/completions', async (c) => {
    const model = c.req.query('model')
    const metadata = metadataOfQuery(c.req.url)
    const filter = {
      storedOnly: true,
      ...(model === undefined || model === '' ? {} : { model }),
      ...(metadata === undefined ? {} : { metadata }),
    }
    const page = readPage((name) => c.req.query(name))
    const list = await listPage(page, (next) => store.listCaptures(filter, next), showCompletion)
    return c.json<ListPage<StoredCompletion>>(list)
  })
  app.get('/chat/completions/:id', async (c) =>
    c.json<StoredCompletion>(showCompletion(await existing(deps, c.req.param('id')))),
  )
  app.post('/chat/completions/:id', async (c) => {
    const capture = await existing(deps, c.req.param('id'))
    const metadata = (await readJsonBody(c, updateSchema)).metadata ?? {}
    if (!(await store.updateCaptureMetadata(capture.id, metadata))) throw notThere(capture.id)
    return c.json<StoredCompletion>(showCompletion({ ...capture, metadata }))
  })
  app.delete('/chat/completions/:id', async (c) => {
    const { id } = await existing(deps, c.req.param('id'))
    if (!(await store.deleteCapture(id))) throw notThere(id)
    return c.json<ChatCompletionDeleted>({ object: 'chat.completion.deleted', id, deleted: true })
  })
  app.get('/chat/completions/:id/messages', async (c) => {
    const capture = await existing(deps, c.req.param('id'))
    const messages = messagesOf(capture)
    const page = readPage((name) => c.req.query(name))
    const read = async (): Promise<readonly StoredMessage[]> => {
      const ordered = page.order === 'asc' ? messages : [...messages].reverse()
      const last = page.after === undefined ? -1 : ordered.findIndex(({ id }) => id === page.after)
      const isUnknown = page.after !== undefined && last < 0
      return isUnknown ? [] : ordered.slice(last + 1, last + 2 + page.limit)
    }
    return c.json<ListPage<StoredMessage>>(await listPage(page, read, (message) => message))
  })
  return app
}

/** Traffic that was kept without `store: true` is not the client's to read. */
async function existing({ store }: ServeDeps, id: string): Promise<Capture> {
  const capture = await store.findCapture(id)
  if (capture === null || !capture.stored) throw notThere(id)
  return capture
}

function notThere(id: string): Error {
  return apiError(404, `There is no stored completion ${id}.`, { param: 'completion_id', code: 'not_found' })
}

const requestFields = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'tools',
  'tool_choice',
  'response_format',
] as const

function showCompletion({ id, metadata, request, response }: Capture): StoredCompletion {
  const asked = objectOf(request)
  const settings = requestFields.map((field) => [field, asked[field] ?? null] as const)
  // What was answered comes last: it is the completion, and the request only says how it came about.
  const completion = { ...Object.fromEntries(settings), ...objectOf(response), id, metadata }
  return completion as unknown as StoredCompletion
}

function messagesOf({ id, request }: Capture): StoredMessage[] {
  const { messages } = objectOf(request)
  const list = Array.isArray(messages) ? (messages as readonly Json[]).filter(isJsonObject) : []
  return list.map((message, index) => {
    const { role, content, refusal } = message
    const parts = Array.isArray(content) ? (content as readonly Json[]) : null
    const shown = {
      ...message,
      id: `${id}-${index}`,
      role: typeof role === 'string' ? role : 'user',
      content: typeof content === 'string' ? content : textOfParts(parts),
      refusal: typeof refusal === 'string' ? refusal : null,
      content_parts: parts,
    }
    return shown
  })
}

/** null where no part is text. */
function textOfParts(parts: readonly Json[] | null): string | null {
  const texts = (parts ?? []).flatMap((part) =>
    isJsonObject(part) && typeof part.text === 'string' ? [part.text] : [],
  )
  return texts.length === 0 ? null : texts.join('')
}

/** Empty for what is no JSON object. */
function objectOf(text: string): JsonObject {
  const value = parseBody(text)
  return isJsonObject(value) ? value : {}
}
