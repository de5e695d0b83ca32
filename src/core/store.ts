/** What several processes write, behind one asynchronous interface. store/ implements it. */

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

/** Every method throws STORE_UNAVAILABLE when the data cannot be reached. */
export interface Store {
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
