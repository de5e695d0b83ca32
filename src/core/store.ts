/** What several processes write, behind one asynchronous interface. store/ implements it. */
import type { Json } from './json.ts'

/** One request to a paid model whose reply is on disk, exactly as it came. */
export interface LoggedCall {
  /** Hash of provider, exact request body, repeat index and how often an unusable reply was asked for again. */
  readonly key: string
  readonly provider: string
  readonly model: string
  /** The run or job that paid for it. */
  readonly run: string
  readonly request: string
  readonly status: number
  readonly response: string
  /** From sending the request to the last byte of the reply. */
  readonly latencyMs: number
  /** Settled from actual usage; null when the price is unknown. */
  readonly priceUsd: number | null
  /** Unix time. */
  readonly finishedAtMs: number
}

export interface CallStart {
  readonly key: string
  readonly run: string
  readonly startedAtMs: number
}

/** One answered request of an application, kept for the next round of training. */
export interface Capture {
  /** "chatcmpl-…", as the client has it. */
  readonly id: string
  readonly createdAtMs: number
  /** The model that the client asked for. */
  readonly model: string
  /** The model that answered, by the catalog's id. */
  readonly answeredBy: string
  /** Why that one: "alias support-desk@2: confidence 0.41 below 0.9". */
  readonly why?: string
  /** What the traffic belongs to; null when the client did not say. */
  readonly workload: string | null
  readonly metadata: Readonly<Record<string, string>>
  /** The request's body, exactly as it came. */
  readonly request: string
  /** The chat completion as JSON, whole, also where it was streamed. */
  readonly response: string
  readonly latencyMs: number
  readonly priceUsd: number | null
  /** False for traffic that is kept without the client having asked for it: the stored-completion routes do not list it. */
  readonly stored: boolean
}

export interface CaptureFilter {
  readonly model?: string
  readonly workload?: string
  readonly metadata?: Readonly<Record<string, string>>
  /** Unix times in milliseconds, the first included, the second not. */
  readonly sinceMs?: number
  readonly untilMs?: number
  readonly storedOnly?: boolean
}

export interface Page {
  /** The id of the last item of the page before. */
  readonly after?: string
  readonly limit: number
  readonly order: 'asc' | 'desc'
}

export interface CaptureStore {
  /** Resolves once it is on disk, within one group commit. */
  commitCapture(capture: Capture): Promise<void>
  findCapture(id: string): Promise<Capture | null>
  /** By time, then id. */
  listCaptures(filter: CaptureFilter, page: Page): Promise<readonly Capture[]>
  /** False where there is none. */
  updateCaptureMetadata(id: string, metadata: Readonly<Record<string, string>>): Promise<boolean>
  deleteCapture(id: string): Promise<boolean>
}

/** What the server keeps beside captures: files, jobs, their events and checkpoints, evals, runs, aliases, keys. */
export interface StoredRecord {
  /** "file", "job", "job_event", "checkpoint", "eval", "eval_run", "output_item", "alias", "key" */
  readonly kind: string
  readonly id: string
  /** The record that it belongs to: a job's events have the job's id. */
  readonly parent: string | null
  readonly createdAtMs: number
  readonly body: Json
}

export interface RecordStore {
  /** Adds or replaces, keeping the place in the order. Resolves once it is on disk. */
  putRecord(record: StoredRecord): Promise<void>
  /** Several at once, all or none. */
  putRecords(records: readonly StoredRecord[]): Promise<void>
  findRecord(kind: string, id: string): Promise<StoredRecord | null>
  /** By order of adding. `parent` absent: whatever the parent. */
  listRecords(kind: string, page: Page, parent?: string): Promise<readonly StoredRecord[]>
  /** With all records that have it as parent, of whatever kind. False where there is none. */
  deleteRecord(kind: string, id: string): Promise<boolean>
}

/** Every method throws STORE_UNAVAILABLE when the data cannot be reached. */
export interface Store extends CaptureStore, RecordStore {
  findCall(key: string): Promise<LoggedCall | null>
  /** Resolves once the call is durably on disk. A second call with the same key is ignored. */
  commitCall(call: LoggedCall): Promise<void>
  /** Notes that a request is about to be sent, so that a crash can say what was under way. Resolves once it is on disk. */
  startCall(start: CallStart): Promise<void>
  /** Takes back the start of a request that the provider turned down: nothing was lost with it. */
  dropStart(key: string): Promise<void>
  /** Starts of a run that never got a reply: what a crash or a cut connection lost. */
  unfinishedCalls(run: string): Promise<readonly CallStart[]>
  /** Forgets the starts of a run that have no reply, once they were reported. */
  clearUnfinished(run: string): Promise<void>
  /** Money spent by a run so far, in US dollars. */
  spentUsd(run: string): Promise<number>
  /** Writes what is still waiting, then lets go of the file. A second close does nothing. */
  close(): Promise<void>
}
