/** Captures in SQLite: prepared statements for adding, finding, filtering and deleting; transactions are the store's. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'
import type { Capture, CaptureFilter, Page } from '../core/store.ts'

/**
 * A deleted capture stays as an empty row, so that a client that deletes while it pages can go on after the
 * last one it saw. Text is read back up to its first NUL character, so what holds one is kept as bytes.
 */
export const capturesMigration = `
  CREATE TABLE captures (
    id TEXT NOT NULL UNIQUE,
    created_at_ms REAL NOT NULL,
    model TEXT NOT NULL,
    answered_by TEXT NOT NULL,
    why TEXT,
    workload TEXT,
    metadata TEXT NOT NULL,
    request ANY NOT NULL,
    response ANY NOT NULL,
    latency_ms REAL NOT NULL,
    price_usd REAL,
    stored INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX captures_by_time ON captures (created_at_ms, id);
  CREATE INDEX captures_of_workload ON captures (workload, created_at_ms, id) WHERE workload IS NOT NULL;
`

interface CaptureRow {
  readonly id: string
  readonly created_at_ms: number
  readonly model: string
  readonly answered_by: string
  readonly why: string | null
  readonly workload: string | null
  readonly metadata: string
  readonly request: string | Uint8Array
  readonly response: string | Uint8Array
  readonly latency_ms: number
  readonly price_usd: number | null
  readonly stored: number
}

export interface CaptureStatements {
  /** A second one with the same id takes the place of the first. */
  put(capture: Capture): void
  find(id: string): Capture | null
  list(filter: CaptureFilter, page: Page): Capture[]
  /** False where there is none. */
  updateMetadata(id: string, metadata: Readonly<Record<string, string>>): boolean
  remove(id: string): boolean
}

export function createCaptureStatements(database: DatabaseSyncInstance): CaptureStatements {
  const put = database.prepare(
    `INSERT OR REPLACE INTO captures (id, created_at_ms, model, answered_by, why, workload, metadata,
     request, response, latency_ms, price_usd, stored) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const find = database.prepare('SELECT * FROM captures WHERE id = ? AND deleted = 0')
  const place = database.prepare('SELECT created_at_ms FROM captures WHERE id = ?')
  const update = database.prepare('UPDATE captures SET metadata = ? WHERE id = ? AND deleted = 0')
  const empty = database.prepare(
    `UPDATE captures SET deleted = 1, model = '', answered_by = '', why = NULL, workload = NULL, metadata = '{}',
     request = '', response = '' WHERE id = ? AND deleted = 0`,
  )
  return {
    put: (capture) => void put.run(...toValues(capture)),
    find(id) {
      const row = find.get(id) as CaptureRow | undefined
      return row === undefined ? null : toCapture(row)
    },
    list(filter, page) {
      const after = page.after === undefined ? undefined : placeOf(page.after)
      if (after === null) return []
      const { where, values } = conditions(filter, page, after)
      const order = page.order === 'asc' ? 'ASC' : 'DESC'
      const rows = database
        .prepare(`SELECT * FROM captures WHERE ${where} ORDER BY created_at_ms ${order}, id ${order} LIMIT ?`)
        .all(...values, page.limit)
      return (rows as CaptureRow[]).map(toCapture)
    },
    updateMetadata: (id, metadata) => update.run(JSON.stringify(metadata), id).changes > 0,
    remove: (id) => empty.run(id).changes > 0,
  }

  function placeOf(id: string): number | null {
    return (place.get(id) as { created_at_ms: number } | undefined)?.created_at_ms ?? null
  }
}

type Value = string | number

/** The filter as SQL. Every value is bound; only the shape of the filter is in the text. */
function conditions(
  filter: CaptureFilter,
  page: Page,
  afterMs: number | undefined,
): { readonly where: string; readonly values: readonly Value[] } {
  const parts: [string, ...Value[]][] = [['deleted = 0']]
  if (filter.storedOnly === true) parts.push(['stored = 1'])
  if (filter.model !== undefined) parts.push(['model = ?', filter.model])
  if (filter.workload !== undefined) parts.push(['workload = ?', filter.workload])
  if (filter.sinceMs !== undefined) parts.push(['created_at_ms >= ?', filter.sinceMs])
  if (filter.untilMs !== undefined) parts.push(['created_at_ms < ?', filter.untilMs])
  for (const [key, value] of Object.entries(filter.metadata ?? {})) {
    const has = 'EXISTS (SELECT 1 FROM json_each(metadata) AS pair WHERE pair.key = ? AND pair.value = ?)'
    parts.push([has, key, value])
  }
  if (afterMs !== undefined && page.after !== undefined) {
    parts.push([`(created_at_ms, id) ${page.order === 'asc' ? '>' : '<'} (?, ?)`, afterMs, page.after])
  }
  return {
    where: parts.map(([text]) => text).join(' AND '),
    values: parts.flatMap(([, ...values]) => values),
  }
}

/** In the order of the insert's columns. */
function toValues(capture: Capture): (string | number | null | Uint8Array)[] {
  return [
    capture.id,
    capture.createdAtMs,
    capture.model,
    capture.answeredBy,
    capture.why ?? null,
    capture.workload,
    JSON.stringify(capture.metadata),
    toText(capture.request),
    toText(capture.response),
    capture.latencyMs,
    capture.priceUsd,
    capture.stored ? 1 : 0,
  ]
}

function toText(text: string): string | Uint8Array {
  return text.includes('\0') ? Buffer.from(text) : text
}

function fromText(text: string | Uint8Array): string {
  return typeof text === 'string' ? text : Buffer.from(text).toString()
}

function toCapture(row: CaptureRow): Capture {
  return {
    id: row.id,
    createdAtMs: row.created_at_ms,
    model: row.model,
    answeredBy: row.answered_by,
    ...(row.why === null ? {} : { why: row.why }),
    workload: row.workload,
    metadata: JSON.parse(row.metadata) as Record<string, string>,
    request: fromText(row.request),
    response: fromText(row.response),
    latencyMs: row.latency_ms,
    priceUsd: row.price_usd,
    stored: row.stored === 1,
  }
}
