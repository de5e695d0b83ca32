/** The database's shape, version by version, forward only. A migration that was released is never edited. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'
import { PotstillError } from '../core/errors.ts'
import { capturesMigration } from './captures.ts'
import { recordsMigration } from './record-statements.ts'

/** Entry `i` brings version `i` to `i + 1`. SQLite's user_version holds the version. */
const migrations: readonly string[] = [
  `
  CREATE TABLE calls (
    key TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    run TEXT NOT NULL,
    request_head INTEGER,
    request_tail TEXT NOT NULL,
    status INTEGER NOT NULL,
    response TEXT NOT NULL,
    latency_ms REAL NOT NULL,
    price_usd REAL,
    finished_at_ms INTEGER NOT NULL
  );
  CREATE TABLE request_heads (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
  CREATE INDEX calls_of_run ON calls (run, price_usd);
  CREATE TABLE call_starts (
    key TEXT PRIMARY KEY,
    run TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  recordsMigration,
  capturesMigration,
]

export const latestVersion = migrations.length

/**
 * Brings a database to the latest version in one transaction, so that of several processes that open it at
 * once the first migrates and the others find it done. Throws STORE_TOO_NEW when a newer potstill wrote it.
 */
export function migrate(database: DatabaseSyncInstance, file: string): void {
  if (versionOf(database) === latestVersion) return
  database.exec('BEGIN IMMEDIATE')
  try {
    const version = versionOf(database)
    if (version > latestVersion) {
      throw new PotstillError(
        'STORE_TOO_NEW',
        `${file} has version ${version}; this potstill knows versions up to ${latestVersion}`,
      )
    }
    for (const sql of migrations.slice(version)) database.exec(sql)
    database.exec(`PRAGMA user_version = ${latestVersion}`)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

function versionOf(database: DatabaseSyncInstance): number {
  return (database.prepare('PRAGMA user_version').get() as { user_version: number }).user_version
}
