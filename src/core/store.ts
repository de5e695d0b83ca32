/** What several processes write, behind one asynchronous interface. store/ implements it. */

/** One request to a paid model whose reply is on disk, exactly as it came. */
export interface LoggedCall {
  /** Hash of provider, exact request body and repeat index. */
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

export interface Store {
  findCall(key: string): Promise<LoggedCall | null>
  /** Resolves once the call is durably on disk. A second call with the same key is ignored. */
  commitCall(call: LoggedCall): Promise<void>
  /** Notes that a request is about to be sent, so that a crash can say what was under way. */
  startCall(start: CallStart): Promise<void>
  /** Starts of a run that never got a reply: what a crash or a failure lost. */
  unfinishedCalls(run: string): Promise<readonly CallStart[]>
  /** Forgets the starts of a run that have no reply, once they were reported. */
  clearUnfinished(run: string): Promise<void>
  /** Money spent by a run so far, in US dollars. */
  spentUsd(run: string): Promise<number>
  close(): Promise<void>
}
