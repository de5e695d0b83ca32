/** The store in one SQLite file: write-ahead log, several processes at once, commits in groups. */
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { PotstillError, messageOf } from '../core/errors.ts'
import type { CallStart, LoggedCall, Store } from '../core/store.ts'
import { createBackgroundSync } from './background-sync.ts'
import { createCaptureStatements } from './captures.ts'
import { createGroupCommit } from './group-commit.ts'
import { migrate } from './migrations.ts'
import { createRecordStatements } from './record-statements.ts'
import { createRequestHeads, type SplitRequest } from './request-heads.ts'

/** Pages of 4 KB. The rarer a checkpoint, the fewer pages are written twice. */
const checkpointPages = 4000

export const storeFile = 'potstill.sqlite'

/** How long one process waits for another's transaction. Transactions last milliseconds. */
const busyTimeoutMs = 15_000

/**
 * Opens the store of a data folder, making both where they are absent. What has resolved survives `kill -9`;
 * a power cut may take what resolved in the last moments before it (see background-sync.ts), and damages
 * nothing. Throws STORE_UNAVAILABLE, or STORE_TOO_NEW when a newer potstill wrote the file.
 */
export function openStore(folder: string): Store {
  const file = join(folder, storeFile)
  const database = open(folder, file)
  const guard = <Result>(work: () => Result): Result => {
    try {
      return work()
    } catch (error) {
      throw unavailable(file, error)
    }
  }
  return createStore(database, guard, createBackgroundSync(`${file}-wal`))
}

function open(folder: string, file: string): DatabaseSyncInstance {
  let database: DatabaseSyncInstance | undefined
  try {
    mkdirSync(folder, { recursive: true })
    database = new DatabaseSync(file, { timeout: busyTimeoutMs })
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = NORMAL')
    database.exec(`PRAGMA wal_autocheckpoint = ${checkpointPages}`)
    migrate(database, file)
    return database
  } catch (error) {
    if (database?.isOpen === true) database.close()
    throw unavailable(file, error)
  }
}

function unavailable(file: string, error: unknown): PotstillError {
  if (error instanceof PotstillError) return error
  return new PotstillError('STORE_UNAVAILABLE', `${file}: ${messageOf(error)}`, { cause: error })
}

interface CallRow {
  readonly key: string
  readonly provider: string
  readonly model: string
  readonly run: string
  readonly request: string
  readonly status: number
  readonly response: string | Uint8Array
  readonly latency_ms: number
  readonly price_usd: number | null
  readonly finished_at_ms: number
}

interface StartRow {
  readonly key: string
  readonly run: string
  readonly started_at_ms: number
}

type Guard = <Result>(work: () => Result) => Result

/** Reads run at once, writes through the group commit; both in promises, as a server's store would be. */
function createStore(database: DatabaseSyncInstance, guard: Guard, onCommit: () => void): Store {
  const statements = prepare(database)
  const splitRequest = createRequestHeads(database)
  const records = createRecordStatements(database)
  const captures = createCaptureStatements(database)
  const group = createGroupCommit(database, onCommit)
  const read = async <Result>(work: () => Result): Promise<Result> => guard(work)
  const write = async (work: () => void): Promise<void> => {
    try {
      await group.write(work)
    } catch (error) {
      guard(() => {
        throw error
      })
    }
  }
  /** A write that says whether it found what it was to change. */
  const tell = async (work: () => boolean): Promise<boolean> => {
    let found = false
    await write(() => void (found = work()))
    return found
  }
  return {
    findCall: (key) => read(() => toCall(statements.find.get(key) as CallRow | undefined)),
    async commitCall(call) {
      const request = guard(() => splitRequest(call.request))
      await write(() => {
        statements.insert.run(...toValues(call, request))
        statements.deleteStart.run(call.key)
      })
    },
    startCall: (start) =>
      write(() => void statements.insertStart.run(start.key, start.run, start.startedAtMs)),
    dropStart: (key) => write(() => void statements.deleteStart.run(key)),
    unfinishedCalls: (run) => read(() => (statements.starts.all(run) as StartRow[]).map(toStart)),
    clearUnfinished: (run) => write(() => void statements.deleteStarts.run(run)),
    spentUsd: (run) => read(() => (statements.spent.get(run) as { usd: number }).usd),
    putRecord: (record) => write(() => records.put(record)),
    putRecords: (added) => write(() => added.forEach((record) => records.put(record))),
    findRecord: (kind, id) => read(() => records.find(kind, id)),
    listRecords: (kind, page, parent) => read(() => records.list(kind, page, parent)),
    deleteRecord: (kind, id) => tell(() => records.remove(kind, id)),
    commitCapture: (capture) => write(() => captures.put(capture)),
    findCapture: (id) => read(() => captures.find(id)),
    listCaptures: (filter, page) => read(() => captures.list(filter, page)),
    updateCaptureMetadata: (id, metadata) => tell(() => captures.updateMetadata(id, metadata)),
    deleteCapture: (id) => tell(() => captures.remove(id)),
    async close() {
      if (!database.isOpen) return
      group.flush()
      // The library leaves statements open, so closing alone would not bring the write-ahead log home.
      database.exec('PRAGMA wal_checkpoint(PASSIVE)')
      database.close()
    },
  }
}

function prepare(database: DatabaseSyncInstance) {
  return {
    find: database.prepare(
      "SELECT calls.*, coalesce(text, '') || request_tail AS request " +
        'FROM calls LEFT JOIN request_heads ON id = request_head WHERE key = ?',
    ),
    insert: database.prepare(
      'INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING',
    ),
    insertStart: database.prepare('INSERT OR REPLACE INTO call_starts VALUES (?, ?, ?)'),
    deleteStart: database.prepare('DELETE FROM call_starts WHERE key = ?'),
    starts: database.prepare('SELECT * FROM call_starts WHERE run = ? ORDER BY started_at_ms, key'),
    deleteStarts: database.prepare('DELETE FROM call_starts WHERE run = ?'),
    spent: database.prepare('SELECT coalesce(sum(price_usd), 0) AS usd FROM calls WHERE run = ?'),
  }
}

/** In the order of the table's columns. */
function toValues(call: LoggedCall, { head, tail }: SplitRequest): (string | number | null | Uint8Array)[] {
  return [
    call.key,
    call.provider,
    call.model,
    call.run,
    head,
    tail,
    call.status,
    // Text is read back up to its first NUL character; a reply with one is garbage, but it was paid for.
    call.response.includes('\0') ? Buffer.from(call.response) : call.response,
    call.latencyMs,
    call.priceUsd,
    call.finishedAtMs,
  ]
}

function toCall(row: CallRow | undefined): LoggedCall | null {
  if (row === undefined) return null
  const response = typeof row.response === 'string' ? row.response : Buffer.from(row.response).toString()
  return {
    key: row.key,
    provider: row.provider,
    model: row.model,
    run: row.run,
    request: row.request,
    status: row.status,
    response,
    latencyMs: row.latency_ms,
    priceUsd: row.price_usd,
    finishedAtMs: row.finished_at_ms,
  }
}

function toStart(row: StartRow): CallStart {
  return { key: row.key, run: row.run, startedAtMs: row.started_at_ms }
}
