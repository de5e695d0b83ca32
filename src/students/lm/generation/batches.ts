/** Computes jobs in batches: those under way one step after another, new ones as rows come free. */
import { PotstillError } from '../../../core/errors.ts'
import type { Decoder } from './decoder.ts'
import type { Job } from './job.ts'
import type { Rows } from './rows.ts'

/** A job in a row: its first `computed` tokens are in the cache. */
interface Active {
  readonly job: Job
  computed: number
  failed: boolean
}

/** A row with more new tokens than this is computed by itself, for shorter rows are filled up to the longest. */
const mostTogether = 16
/** So many tokens of new prompts are read, about, before the answers under way are taken on again. */
const readTokens = 512
/** Room for an answer's first tokens, so that the cache does not grow at once. */
const firstAnswerTokens = 32

export interface Batches {
  readonly decoder: Decoder
  readonly rows: Rows
  /** Waiting jobs, first come first served; taken out as they are begun. */
  readonly queue: Job[]
  readonly isClosed: () => boolean
}

/** Entry i has row i. */
interface Work extends Batches {
  readonly active: Active[]
}

/** Works until nothing is left or all is closed. Jobs that could not be finished have been failed by then. */
export async function workThrough(batches: Batches): Promise<void> {
  const { queue, isClosed } = batches
  const active: Active[] = []
  const work: Work = { ...batches, active }
  try {
    while (active.length + queue.length > 0 && !isClosed()) {
      await beginJobs(work)
      await takeOn(work)
      leaveFinished(work)
    }
  } catch (error) {
    for (const { job } of active.splice(0)) job.fail(error)
    for (const job of queue.splice(0)) job.fail(error)
  }
  for (const { job } of active) job.fail(closedError())
  for (const job of queue.splice(0)) job.fail(closedError())
}

async function beginJobs(work: Work): Promise<void> {
  const { rows, queue, decoder, active } = work
  for (let read = 0; read < readTokens && queue.length > 0;) {
    const [job] = queue
    const places = Math.min(job.tokens.length + firstAnswerTokens, decoder.contextTokens)
    if (active.length > 0 && active.length >= rows.limit(Math.max(decoder.cache.places, places))) return
    queue.shift()
    if (job.isCancelled()) continue
    rows.fit(Math.max(places, ...active.map(({ job }) => job.tokens.length)), active.length)
    const begun: Active = {
      job,
      computed: rows.take(job.tokens, job.firstWanted, active.length),
      failed: false,
    }
    const row = active.push(begun) - 1
    const promptTokens = job.tokens.length
    while (isWaiting(begun) && begun.computed < promptTokens && read < readTokens) {
      const count = Math.min(promptTokens - begun.computed, job.chunkTokens)
      await compute(work, row, [begun], [count])
      read += count
    }
    leaveFinished(work)
  }
}

/** One step of all rows; a row with much to catch up on takes a chunk by itself first. */
async function takeOn(work: Work): Promise<void> {
  const { active } = work
  for (const [row, entry] of active.entries()) {
    if (pending(entry) <= mostTogether) continue
    await compute(work, row, [entry], [Math.min(pending(entry), entry.job.chunkTokens)])
  }
  leaveFinished(work)
  if (active.length === 0) return
  const counts = active.map((entry) => (pending(entry) <= mostTogether ? pending(entry) : 1))
  await compute(work, 0, active, counts)
}

/** Computes this many further tokens of each entry; their rows are `first` and those behind it. */
async function compute(
  { decoder, rows, active }: Work,
  first: number,
  entries: readonly Active[],
  counts: readonly number[],
): Promise<void> {
  const longest = Math.max(...entries.map(({ computed }, index) => computed + counts[index]))
  rows.reserve(longest, active.length)
  const inputs = entries.map(({ job, computed }, index) => ({
    tokens: job.tokens.slice(computed, computed + counts[index]),
    past: computed,
  }))
  const wanted = wantedOf(entries, counts)
  const packed = wanted.length === 0 ? [0] : wanted.map(({ place }) => place)
  const logProbabilities = await decoder.run(first, inputs, packed)
  for (const [index, entry] of entries.entries()) {
    entry.computed += counts[index]
    rows.hold(first + index, entry.computed)
  }
  const V = decoder.architecture.vocabularySize
  for (const [index, { entry, token }] of wanted.entries()) {
    take(entry, token, logProbabilities.subarray(index * V, (index + 1) * V))
  }
}

interface Wanted {
  readonly entry: Active
  /** Its index within the job, and among all tokens of the run. */
  readonly token: number
  readonly place: number
}

function wantedOf(entries: readonly Active[], counts: readonly number[]): Wanted[] {
  const wanted: Wanted[] = []
  let place = 0
  for (const [index, entry] of entries.entries()) {
    for (let i = 0; i < counts[index]; i++, place++) {
      const token = entry.computed + i
      if (entry.job.wants(token)) wanted.push({ entry, token, place })
    }
  }
  return wanted
}

/** What a job throws is its own fault and not its neighbours'. */
function take(entry: Active, token: number, logProbabilities: Float32Array): void {
  if (!isWaiting(entry)) return
  try {
    entry.job.take(token, logProbabilities)
  } catch (error) {
    entry.failed = true
    entry.job.fail(error)
  }
}

function leaveFinished({ rows, active }: Work): void {
  for (let row = active.length - 1; row >= 0; row--) {
    const entry = active[row]
    if (isWaiting(entry)) continue
    rows.leave(row, active.length)
    const last = active.pop() as Active
    if (last !== entry) active[row] = last
    if (entry.job.isDone() && !entry.failed) entry.job.settle()
  }
}

function isWaiting({ job, failed }: Active): boolean {
  return !failed && !job.isDone() && !job.isCancelled()
}

function pending({ job, computed }: Active): number {
  return job.tokens.length - computed
}

export function closedError(): PotstillError {
  return new PotstillError('INTERRUPTED', 'The generator was closed before it answered.')
}
