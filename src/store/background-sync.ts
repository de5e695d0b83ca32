/** Brings committed transactions from the system's cache to the disk, while the process goes on. */
import { close, fdatasync, open } from 'node:fs'
import { promisify } from 'node:util'

/**
 * Returns a function to call after each commit. What is committed survives the end of the process at once; a
 * power cut takes at most what was committed since the last sync began, and syncs follow each other at this
 * distance. `walFile` is the write-ahead log: the database file itself must never be opened beside SQLite,
 * whose locks on it would go with our closing it.
 */
export function createBackgroundSync(walFile: string, distanceMs = 100): () => void {
  let busy = false
  let dirty = false
  async function syncWhileDirty(): Promise<void> {
    while (dirty) {
      dirty = false
      await syncFile(walFile)
      await new Promise((resolve) => setTimeout(resolve, distanceMs).unref())
    }
  }
  return () => {
    dirty = true
    if (busy) return
    busy = true
    void syncWhileDirty().finally(() => (busy = false))
  }
}

const openFile = promisify(open)
const closeFile = promisify(close)
const syncData = promisify(fdatasync)

/** A disk that cannot sync is no reason to stop: the commit itself would have failed. */
async function syncFile(file: string): Promise<void> {
  const handle = await openFile(file, 'r').catch(() => null)
  if (handle === null) return
  await syncData(handle).catch(() => undefined)
  await closeFile(handle).catch(() => undefined)
}
