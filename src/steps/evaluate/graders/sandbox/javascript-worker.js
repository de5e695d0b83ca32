/** The thread in which JavaScript graders run: each call in a fresh QuickJS of its own, which knows no world outside. */
import { parentPort } from 'node:worker_threads'
import variant from '@jitl/quickjs-singlefile-mjs-release-sync'
import { newQuickJSWASMModuleFromVariant, Scope } from 'quickjs-emscripten-core'

/**
 * @typedef {object} Call
 * @property {string} source
 * @property {string | null} sample JSON text; null to check the source without calling `grade`.
 * @property {string} item JSON text.
 * @property {number} timeLimitMs
 * @property {number} memoryLimitBytes
 */

const port = parentPort
if (port === null) throw new Error('javascript-worker: this file is a worker thread')
/** @param {{ result: string | null } | { error: string }} words */
const answer = (words) => port.postMessage(words, [])
let quickjs = newQuickJSWASMModuleFromVariant(variant)

/**
 * Calls `grade` and gives back JSON text: what it returned, a promise's value too. It takes JSON before the grader's
 * source can change it. What is graded is data here, never code.
 */
const caller = `(({ parse, stringify }) => (sample, item) => {
  if (typeof grade !== 'function') throw new TypeError('there is no function grade(sample, item)')
  if (sample === null) return
  const result = grade(parse(sample), parse(item))
  const show = (value) => stringify({ value, type: typeof value })
  return typeof result?.then === 'function' ? result.then(show) : show(result)
})(JSON)`

port.on('message', (/** @type {Call} */ call) => void take(call))

/** @param {Call} call */
async function take(call) {
  const runtime = (await quickjs).newRuntime()
  const context = runtime.newContext()
  const scope = new Scope()
  try {
    answer({ result: run(call, runtime, context, scope) })
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : String(error) })
  }
  try {
    for (const part of [scope, context, runtime]) part.dispose()
  } catch {
    // Out of memory in the wrong place it cannot even be taken apart: the next call gets another.
    quickjs = newQuickJSWASMModuleFromVariant(variant)
  }
}

/**
 * @param {Call} call
 * @param {import('quickjs-emscripten-core').QuickJSRuntime} runtime
 * @param {import('quickjs-emscripten-core').QuickJSContext} context
 * @param {import('quickjs-emscripten-core').Scope} scope
 * @returns {string | null} JSON text of what was returned; null where it was only checked.
 */
function run({ source, sample, item, timeLimitMs, memoryLimitBytes }, runtime, context, scope) {
  const deadline = performance.now() + timeLimitMs
  let late = false
  const tooLong = `it took longer than ${timeLimitMs} ms`
  runtime.setMemoryLimit(memoryLimitBytes)
  runtime.setMaxStackSize(256 * 1024)
  runtime.setInterruptHandler(() => (late ||= performance.now() > deadline))
  /** @param {import('quickjs-emscripten-core').QuickJSHandle} fault */
  const fail = (fault) => {
    throw new Error(late ? tooLong : describe(context.dump(scope.manage(fault))))
  }
  /** @param {import('quickjs-emscripten-core').VmCallResult<import('quickjs-emscripten-core').QuickJSHandle>} outcome */
  const take = (outcome) => (outcome.error ? fail(outcome.error) : scope.manage(outcome.value))
  const call = take(context.evalCode(caller, 'caller.js'))
  take(context.evalCode(source, 'grader.js'))
  const given = [sample, item].map((text) =>
    text === null ? context.null : scope.manage(context.newString(text)),
  )
  const returned = take(context.callFunction(call, context.undefined, ...given))
  const jobs = runtime.executePendingJobs()
  if (jobs.error) fail(jobs.error)
  const state = context.getPromiseState(returned)
  if (state.type === 'rejected') fail(state.error)
  if (state.type === 'pending') throw new Error(late ? tooLong : 'the promise that it returned never settles')
  const value =
    state.type === 'fulfilled' ? context.dump(state.notAPromise ? returned : scope.manage(state.value)) : null
  return typeof value === 'string' ? value : null
}

/** @param {unknown} fault */
function describe(fault) {
  if (typeof fault !== 'object' || fault === null) return String(fault)
  const { name, message } = /** @type {{ name?: unknown, message?: unknown }} */ (fault)
  return [name, message].filter((part) => typeof part === 'string').join(': ')
}
