/** Gathers writes that come close together into one transaction, so that many calls share its cost. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

interface Write {
  readonly apply: () => void
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface GroupCommit {
  /** Resolves once the write is committed; rejects when it failed, and then nothing of it is. */
  write(apply: () => void): Promise<void>
  /** Commits what waits, now. */
  flush(): void
}

/** Transactions begin at least this far apart. */
const gapMs = 4

/**
 * `apply` runs inside an immediate transaction with the other writes of its group and must be synchronous.
 * A lone write is committed at the end of the turn; under load the group is what arrives between two transactions.
 */
export function createGroupCommit(database: DatabaseSyncInstance, onCommit: () => void): GroupCommit {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  let waiting: Write[] = []
  let scheduled = false
  let notBefore = 0

  function flush(): void {
    scheduled = false
    if (waiting.length === 0) return
    const group = waiting
    waiting = []
    notBefore = performance.now() + gapMs
    commitTogether(group)
    onCommit()
  }

  /** Where a group fails, its writes are tried one by one: a bad one must not take a paid reply with it. */
  function commitTogether(group: readonly Write[]): void {
    try {
      begin.run()
      for (const write of group) write.apply()
      commit.run()
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      if (group.length > 1) for (const write of group) commitTogether([write])
      else group[0].reject(error)
      return
    }
    for (const write of group) write.resolve()
  }

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    const delay = notBefore - performance.now()
    if (delay <= 0) setImmediate(flush)
    else setTimeout(flush, delay)
  }

  return {
    write: (apply) =>
      new Promise((resolve, reject) => {
        waiting.push({ apply, resolve, reject })
        schedule()
      }),
    flush,
  }
}
