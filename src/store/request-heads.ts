/** Keeps the beginning that requests share, a long system prompt above all, once instead of with each call. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

export interface SplitRequest {
  /** Row of `request_heads`; null when the whole request is its tail. */
  readonly head: number | null
  readonly tail: string
}

interface Head {
  readonly id: number
  readonly text: string
}

/** Less is not worth a look-up. */
const shortestHead = 512
/** Heads and requests that new requests are compared with. */
const mostRemembered = 8

/** `split` may write a new head, so it is called outside of transactions: what it says stays true. */
export function createRequestHeads(database: DatabaseSyncInstance): (request: string) => SplitRequest {
  const insert = database.prepare('INSERT INTO request_heads (text) VALUES (?) ON CONFLICT DO NOTHING')
  const find = database.prepare('SELECT id FROM request_heads WHERE text = ?')
  const heads: Head[] = []
  const recent: string[] = []

  function remember<Item>(list: Item[], item: Item): void {
    list.push(item)
    if (list.length > mostRemembered) list.shift()
  }

  function addHead(text: string): Head {
    insert.run(text)
    const { id } = find.get(text) as { id: number }
    remember(heads, { id, text })
    return { id, text }
  }

  return (request) => {
    let head = heads.find((known) => beginsWith(request, known.text))
    if (head === undefined) {
      const shared = Math.max(0, ...recent.map((other) => sharedLength(other, request)))
      if (shared >= shortestHead) head = addHead(request.slice(0, shared))
      else remember(recent, request)
    }
    if (head === undefined) return { head: null, tail: request }
    return { head: head.id, tail: request.slice(head.text.length) }
  }
}

/** As `startsWith`, which compares character by character: for long texts this is far faster. */
function beginsWith(text: string, start: string): boolean {
  return text.slice(0, start.length) === start
}

/** Never in the middle of a surrogate pair, which could not be stored. */
function sharedLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length++
  const last = a.charCodeAt(length - 1)
  return last >= 0xd800 && last <= 0xdbff ? length - 1 : length
}
