/** Records in SQLite: prepared statements for adding, finding, paging and deleting; transactions are the store's. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'
import type { Json } from '../core/json.ts'
import type { Page, StoredRecord } from '../core/store.ts'

/**
 * A deleted record stays as an empty row, so that a client that deletes while it pages can go on after the
 * last one it saw; what hung on it is gone for good.
 */
export const recordsMigration = `
  CREATE TABLE records (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT,
    created_at_ms REAL NOT NULL,
    body TEXT,
    UNIQUE (kind, id)
  );
  CREATE INDEX records_by_kind ON records (kind, place);
  CREATE INDEX records_by_parent ON records (parent, kind, place) WHERE parent IS NOT NULL;
`

interface RecordRow {
  readonly kind: string
  readonly id: string
  readonly parent: string | null
  readonly created_at_ms: number
  readonly body: string
}

export interface RecordStatements {
  put(record: StoredRecord): void
  find(kind: string, id: string): StoredRecord | null
  list(kind: string, page: Page, parent?: string): StoredRecord[]
  /** False where there is none. */
  remove(kind: string, id: string): boolean
}

export function createRecordStatements(database: DatabaseSyncInstance): RecordStatements {
  const statements = prepare(database)
  return {
    put({ kind, id, parent, createdAtMs, body }) {
      statements.bury.run(kind, id)
      statements.put.run(kind, id, parent, createdAtMs, JSON.stringify(body))
    },
    find(kind, id) {
      const row = statements.find.get(kind, id) as RecordRow | undefined
      return row === undefined ? null : toRecord(row)
    },
    list(kind, { after, limit, order }, parent) {
      const bound = order === 'asc' ? 0 : Number.MAX_SAFE_INTEGER
      const from = after === undefined ? bound : placeOf(kind, after)
      if (from === null) return []
      const [all, ofParent] = order === 'asc' ? statements.ascending : statements.descending
      const rows = parent === undefined ? all.all(kind, from, limit) : ofParent.all(parent, kind, from, limit)
      return (rows as RecordRow[]).map(toRecord)
    },
    remove(kind, id) {
      if (statements.find.get(kind, id) === undefined) return false
      statements.removeBelow.run(kind, id)
      statements.empty.run(kind, id)
      return true
    },
  }

  function placeOf(kind: string, id: string): number | null {
    return (statements.place.get(kind, id) as { place: number } | undefined)?.place ?? null
  }
}

function prepare(database: DatabaseSyncInstance) {
  const list = (where: string, order: 'ASC' | 'DESC') =>
    database.prepare(
      `SELECT kind, id, parent, created_at_ms, body FROM records WHERE ${where}
       AND place ${order === 'ASC' ? '>' : '<'} ? AND body IS NOT NULL ORDER BY place ${order} LIMIT ?`,
    )
  const both = (order: 'ASC' | 'DESC') =>
    [list('kind = ?', order), list('parent = ? AND kind = ?', order)] as const
  return {
    put: database.prepare(
      `INSERT INTO records (kind, id, parent, created_at_ms, body) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (kind, id) DO UPDATE SET
         parent = excluded.parent, created_at_ms = excluded.created_at_ms, body = excluded.body`,
    ),
    // One that comes back after its deletion is a new one, with a new place.
    bury: database.prepare('DELETE FROM records WHERE kind = ? AND id = ? AND body IS NULL'),
    find: database.prepare('SELECT * FROM records WHERE kind = ? AND id = ? AND body IS NOT NULL'),
    place: database.prepare('SELECT place FROM records WHERE kind = ? AND id = ?'),
    ascending: both('ASC'),
    descending: both('DESC'),
    removeBelow: database.prepare(
      `WITH RECURSIVE below (place, id) AS (
         SELECT children.place, children.id FROM records AS children
         JOIN records AS parents ON children.parent = parents.id WHERE parents.kind = ? AND parents.id = ?
         UNION
         SELECT children.place, children.id FROM records AS children JOIN below ON children.parent = below.id
       ) DELETE FROM records WHERE place IN (SELECT place FROM below)`,
    ),
    empty: database.prepare('UPDATE records SET body = NULL, parent = NULL WHERE kind = ? AND id = ?'),
  }
}

function toRecord({ kind, id, parent, created_at_ms: createdAtMs, body }: RecordRow): StoredRecord {
  return { kind, id, parent, createdAtMs, body: JSON.parse(body) as Json }
}
