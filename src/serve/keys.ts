/** Keys of clients: made once, shown once, kept only as hashes, each with a role. */
import { createHash, randomBytes } from 'node:crypto'
import { isJsonObject } from '../core/json.ts'
import type { RecordStore } from '../core/store.ts'

/** "infer" may ask models and list them; "manage" may do everything. */
export type Role = 'infer' | 'manage'

/** The role of a key, or null where there is no such key. */
export type KeyCheck = (key: string) => Promise<Role | null>

const kind = 'key'
/** Requests take a key from memory for this long, so that a removed one stops soon. */
const rememberMs = 2000
const mostRemembered = 1000

/** A key of 256 random bits needs no slow hash: there is nothing to guess. */
const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex')

/** Returns the key; nobody can read it again. A key of the same name is replaced. */
export async function createKey(
  store: RecordStore,
  name: string,
  role: Role,
  nowMs: number,
): Promise<string> {
  const key = `ps-${randomBytes(32).toString('base64url')}`
  for (const other of await keysNamed(store, name)) await store.deleteRecord(kind, other)
  await store.putRecord({ kind, id: hashOf(key), parent: null, createdAtMs: nowMs, body: { name, role } })
  return key
}

/** False where there is none of that name. */
export async function removeKey(store: RecordStore, name: string): Promise<boolean> {
  const found = await keysNamed(store, name)
  for (const id of found) await store.deleteRecord(kind, id)
  return found.length > 0
}

export async function listKeys(
  store: RecordStore,
): Promise<{ name: string; role: Role; createdAtMs: number }[]> {
  return (await allKeys(store)).map(({ body, createdAtMs }) => {
    const { name, role } = isJsonObject(body) ? body : {}
    return { name: typeof name === 'string' ? name : '', role: roleOf(role) ?? 'infer', createdAtMs }
  })
}

export function createKeyCheck(store: RecordStore, now: () => number): KeyCheck {
  const known = new Map<string, { readonly role: Role | null; readonly untilMs: number }>()
  return async (key) => {
    const id = hashOf(key)
    const remembered = known.get(id)
    if (remembered !== undefined && remembered.untilMs > now()) return remembered.role
    const record = await store.findRecord(kind, id)
    const role = record !== null && isJsonObject(record.body) ? roleOf(record.body['role']) : null
    if (known.size >= mostRemembered) known.clear()
    known.set(id, { role, untilMs: now() + rememberMs })
    return role
  }
}

function roleOf(value: unknown): Role | null {
  return value === 'infer' || value === 'manage' ? value : null
}

const allKeys = (store: RecordStore) => store.listRecords(kind, { limit: 10_000, order: 'asc' })

async function keysNamed(store: RecordStore, name: string): Promise<string[]> {
  const keys = await allKeys(store)
  return keys.filter(({ body }) => isJsonObject(body) && body['name'] === name).map(({ id }) => id)
}
