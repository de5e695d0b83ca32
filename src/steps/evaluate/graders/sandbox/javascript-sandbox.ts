/** JavaScript graders: run in QuickJS, in a thread of its own, with limits on time and memory and no way out. */
import { Worker } from 'node:worker_threads'
import { messageOf } from '../../../../core/errors.ts'
import type { Json, JsonObject } from '../../../../core/json.ts'
import { parseJson } from '../parse-judgement.ts'

export interface SandboxLimits {
  readonly timeLimitMs: number
  readonly memoryLimitBytes: number
}

export const defaultLimits: SandboxLimits = { timeLimitMs: 1000, memoryLimitBytes: 64 * 1024 * 1024 }

/** What `grade` returned, or why there is nothing. */
export type Returned = { readonly value: Json } | { readonly error: string }

/** A loop inside a built-in function does not look at the clock: after so long the whole thread is ended. */
const graceMs = 1000

interface Call extends SandboxLimits {
  readonly source: string
  /** JSON text; null to check the source only. */
  readonly sample: string | null
  /** JSON text. */
  readonly item: string
}

interface Waiting {
  readonly call: Call
  readonly resolve: (returned: Returned) => void
}

interface Thread {
  readonly worker: Worker
  /** The call under way first; the thread takes one at a time. */
  readonly line: Waiting[]
  timer: NodeJS.Timeout | undefined
}

let shared: Thread | undefined

/** Calls `grade(sample, item)`. Never throws: whatever goes wrong is an error with its reason. */
export async function runJavaScript(
  source: string,
  sample: JsonObject,
  item: Json,
  limits: SandboxLimits = defaultLimits,
): Promise<Returned> {
  return ask({ source, sample: JSON.stringify(sample), item: JSON.stringify(item), ...limits })
}

/** Why the source is no grader; null where it is one. */
export async function checkJavaScript(
  source: string,
  limits: SandboxLimits = defaultLimits,
): Promise<string | null> {
  const checked = await ask({ source, sample: null, item: 'null', ...limits })
  return 'error' in checked ? checked.error : null
}

function ask(call: Call): Promise<Returned> {
  shared ??= startThread()
  const { line, worker } = shared
  return new Promise((resolve) => {
    line.push({ call, resolve })
    if (line.length === 1) sendFirst(shared as Thread)
    worker.ref()
  })
}

function sendFirst(thread: Thread): void {
  const { call } = thread.line[0]
  const late = `it took longer than ${call.timeLimitMs} ms`
  thread.worker.postMessage(call, [])
  thread.timer = setTimeout(() => end(thread, late), call.timeLimitMs + graceMs)
}

function startThread(): Thread {
  const worker = new Worker(new URL('javascript-worker.js', import.meta.url), {
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  })
  const thread: Thread = { worker, line: [], timer: undefined }
  worker.on('message', (message: { readonly result?: string | null; readonly error?: string }) => {
    settleFirst(thread, message.error === undefined ? read(message.result ?? null) : { error: message.error })
  })
  worker.on('error', (error) => end(thread, messageOf(error)))
  worker.on('exit', () => end(thread, 'the grader ended its thread'))
  worker.unref()
  return thread
}

function settleFirst(thread: Thread, returned: Returned): void {
  clearTimeout(thread.timer)
  thread.line.shift()?.resolve(returned)
  if (thread.line.length > 0) sendFirst(thread)
  else thread.worker.unref()
}

/** The call under way fails; those behind it go to a new thread. */
function end(thread: Thread, error: string): void {
  if (shared !== thread) return
  clearTimeout(thread.timer)
  shared = undefined
  void thread.worker.terminate()
  const [first, ...others] = thread.line
  first?.resolve({ error })
  for (const { call, resolve } of others) void ask(call).then(resolve)
}

/** The worker's text; an object's `toJSON` may have made it anything. */
function read(text: string | null): Returned {
  const shown = text === null ? undefined : parseJson(text)
  if (shown === undefined) return { value: null }
  const { value, type } = shown as { readonly value?: Json; readonly type?: string }
  if (type === 'undefined' || type === 'function') return { error: `grade returned ${type}` }
  return { value: value ?? null }
}
