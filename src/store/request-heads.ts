/** Keeps the beginning that requests share, a long system prompt above all, once instead of with each call. */
import type { DatabaseSyncInstance } from '@photostructure/sqlite'

export interface SplitRequest {
  /** Row of `request_heads`; null when the whole request is its tail. */
  readonly head: number | null
  readonly tail: string
}

/** Less is not worth a look-up. */
const shortestHead = 512
/** Heads and requests that new requests are compared with. */
const mostRemembered = 8

/** `split` may write a new head, so it is called outside of transactions: what it says stays true. */
export function createRequestHeads(database: DatabaseSyncInstance): (request: string) => SplitRequest {
  const insert = database.prepare('INSERT INTO request_heads (text) VALUES (?) ON CONFLICT DO NOTHING')
  const find = database.prepare('SELECT id FROM request_heads WHERE text = ?')
  const heads: { readonly id: number; readonly text: string }[] = []
  const recent: string[] = []

  function remember<Item>(list: Item[], item: Item): void {
    list.push(item)
    if (list.length > mostRemembered) list.shift()
  }

  function addHead(text: string): void {
    insert.run(text)
    const { id } = find.get(text) as { id: number }
    remember(heads, { id, text })
  }

  return (request) => {
    if (!heads.some(({ text }) => request.startsWith(text))) {
      const shared = Math.max(0, ...recent.map((other) => sharedLength(other, request)))
      if (shared >= shortestHead) addHead(request.slice(0, shared))
      else remember(recent, request)
    }
    const head = heads.find(({ text }) => request.startsWith(text))
    if (head === undefined) return { head: null, tail: request }
    return { head: head.id, tail: request.slice(head.text.length) }
  }
}

/** Never in the middle of a surrogate pair, which could not be stored. */
function sharedLength(a: string, b: string): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a.charCodeAt(length) === b.charCodeAt(length)) length++
  const last = a.charCodeAt(length - 1)
  return last >= 0xd800 && last <= 0xdbff ? length - 1 : length
}
