/** The requests that wait to be sent: retries before fresh ones, each first come first served, some resting. */

export interface WaitingLine<Job> {
  add(job: Job): void
  /** Puts a job that was sent before ahead of those that were not. */
  addRetry(job: Job): void
  /** Keeps a job out of the line; `wakes` returns false when it was removed in the meantime. */
  rest(job: Job): void
  wakes(job: Job): boolean
  first(): Job | undefined
  takeFirst(): void
  /** Takes out all that match, in line or resting. */
  remove(matches: (job: Job) => boolean): Job[]
  length(): number
}

export function createWaitingLine<Job>(): WaitingLine<Job> {
  let retries: Job[] = []
  let fresh: (Job | undefined)[] = []
  /** Where `fresh` begins, with nothing before it: shifting a long array would cost more than the request. */
  let head = 0
  const waitingFresh = (): Job[] => fresh.slice(head) as Job[]
  const resting = new Set<Job>()
  return {
    add: (job) => void fresh.push(job),
    addRetry: (job) => void retries.push(job),
    rest: (job) => void resting.add(job),
    wakes: (job) => resting.delete(job),
    first: () => (retries.length > 0 ? retries[0] : fresh[head]),
    takeFirst() {
      if (retries.length > 0) retries.shift()
      else if (head < fresh.length) fresh[head++] = undefined
      if (head < 100 || head * 2 < fresh.length) return
      fresh = waitingFresh()
      head = 0
    },
    remove(matches) {
      const removed = [...retries, ...resting, ...waitingFresh()].filter(matches)
      const stays = (job: Job): boolean => !matches(job)
      retries = retries.filter(stays)
      fresh = waitingFresh().filter(stays)
      head = 0
      for (const job of removed) resting.delete(job)
      return removed
    },
    length: () => retries.length + resting.size + fresh.length - head,
  }
}
