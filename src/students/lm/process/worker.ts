/** The parent's side of a worker process: long work in a child, so that this process keeps answering. */
import { fork, type ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { PotstillError } from '../../../core/errors.ts'
import type { Calls, SentError, ToChild, ToParent } from './messages.ts'

export interface WorkerModule {
  /** Relative to `from` and without extension: sources and build differ in it. The module calls `serveParent`. */
  readonly module: string
  /** The caller's import.meta.url. */
  readonly from: string
  /** What the process does, for messages: "the process that trains". */
  readonly purpose: string
}

export interface CallOptions<Event> {
  readonly onEvent?: (event: Event) => void
  /** Tells the child; the call then ends as the child decides. */
  readonly signal?: AbortSignal
}

export interface Worker<C extends Calls> {
  /**
   * Throws what the handler threw; MEMORY_EXCEEDED or INTERRUPTED when the process ended before it answered.
   * While no call is under way the process does not keep this one alive.
   */
  call<Name extends keyof C & string>(
    name: Name,
    input: C[Name]['input'],
    options?: CallOptions<C[Name]['event']>,
  ): Promise<C[Name]['result']>
  /** For tests and diagnosis. */
  readonly pid: number | undefined
  /** Ends the process at once; calls under way are given up. */
  close(): Promise<void>
}

interface Pending {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
  readonly onEvent: ((event: unknown) => void) | undefined
}

export function openWorker<C extends Calls>(module: WorkerModule): Worker<C> {
  const child = startChild(module)
  const pending = new Map<number, Pending>()
  const ended = { error: null as PotstillError | null }
  let lastId = 0
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-4000)))
  child.on('message', (message: ToParent) => settle(pending, message))
  const exited = new Promise<void>((resolve) => {
    const end = (error: PotstillError): void => {
      ended.error ??= error
      for (const call of pending.values()) call.reject(ended.error)
      pending.clear()
      resolve()
    }
    child.once('error', (error) => end(failedStart(module, error)))
    // `close` and not `exit`: stderr has been read by then.
    child.once('close', (code, signal) => end(unexpectedEnd(module, code, signal, stderr)))
  })
  hold(child, false)
  return {
    pid: child.pid,
    async call(name, input, { onEvent, signal } = {}) {
      if (ended.error !== null) throw ended.error
      const id = ++lastId
      const cancel = (): void => tell(child, { type: 'cancel', id })
      try {
        return await new Promise<never>((resolve, reject) => {
          pending.set(id, {
            resolve: resolve as (result: unknown) => void,
            reject,
            onEvent,
          })
          hold(child, true)
          tell(child, { type: 'call', id, name, input })
          if (signal?.aborted === true) cancel()
          else signal?.addEventListener('abort', cancel, { once: true })
        })
      } finally {
        signal?.removeEventListener('abort', cancel)
        pending.delete(id)
        if (pending.size === 0) hold(child, false)
      }
    },
    async close() {
      ended.error ??= new PotstillError('INTERRUPTED', `${capitalised(module.purpose)} was closed.`)
      // This process must live to see the end of the other.
      hold(child, true)
      child.kill('SIGKILL')
      await exited
    },
  }
}

function startChild({ module, from }: WorkerModule): ChildProcess {
  const extension = extname(fileURLToPath(from))
  const file = fileURLToPath(new URL(`${module}${extension}`, from))
  return fork(file, [], {
    serialization: 'advanced',
    execArgv: extension === '.ts' ? ['--import', typeScriptLoader()] : [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

/** Development only: the package's users have compiled files. */
function typeScriptLoader(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
}

/** Whether the child keeps this process from ending by itself. */
function hold(child: ChildProcess, held: boolean): void {
  const stderr = child.stderr as unknown as { ref(): void; unref(): void } | null
  for (const handle of [child, child.channel, stderr]) {
    if (held) handle?.ref()
    else handle?.unref()
  }
}

function tell(child: ChildProcess, message: ToChild): void {
  // A child that is gone is noticed by its end, which rejects the calls.
  if (child.connected) child.send(message, () => {})
}

function settle(pending: ReadonlyMap<number, Pending>, message: ToParent): void {
  const call = pending.get(message.id)
  if (message.type === 'event') call?.onEvent?.(message.event)
  else if (message.type === 'result') call?.resolve(message.result)
  else call?.reject(revive(message.error))
}

function revive({ message, code, hint, detail }: SentError): Error {
  if (code !== undefined) return new PotstillError(code, message, hint === undefined ? {} : { hint })
  const error = new Error(message)
  if (detail !== undefined) error.stack = detail
  return error
}

function failedStart({ purpose }: WorkerModule, error: Error): PotstillError {
  return new PotstillError('INTERRUPTED', `${capitalised(purpose)} did not start: ${error.message}`, {
    cause: error,
  })
}

/** SIGKILL is what the kernel sends when memory runs out; SIGABRT with these words is C++ or V8 out of memory. */
function unexpectedEnd(
  { purpose }: WorkerModule,
  code: number | null,
  signal: NodeJS.Signals | null,
  stderr: string,
): PotstillError {
  const how = signal ?? `exit code ${code}`
  const outOfMemory = signal === 'SIGKILL' || /bad_alloc|out of memory|ENOMEM|allocation failed/i.test(stderr)
  if (outOfMemory) {
    return new PotstillError(
      'MEMORY_EXCEEDED',
      `${capitalised(purpose)} was ended (${how}), most likely for want of memory.`,
    )
  }
  const said = lastLine(stderr)
  return new PotstillError(
    'INTERRUPTED',
    `${capitalised(purpose)} ended unexpectedly (${how})${said === '' ? '.' : `: ${said}`}`,
  )
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** Node writes the error before its stack: the first line that names one, else the last. */
function lastLine(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '').slice(0, 300)
}
