/** Finds texts nearly like a given one: candidates by MinHash bands, each checked by its exact similarity. */
import { createBandHasher } from './min-hash.ts'
import { jaccard, type Shingles } from './shingles.ts'

export interface Match {
  /** What `add` was given. */
  readonly index: number
  /** Jaccard similarity of the two texts' shingles, 0..1. */
  readonly similarity: number
}

export interface NearIndex {
  add(index: number, shingles: Shingles): void
  /** One of the most similar texts at or above the threshold, or null where none is. */
  find(shingles: Shingles): Match | null
}

/** How many candidates after the first match may still be more similar; bounds the work on templated texts. */
const looksBeyondFirst = 32

/** For up to `capacity` texts. Misses one pair at the threshold in a thousand, fewer above it. */
export function createNearIndex(threshold: number, capacity: number): NearIndex {
  const hasher = createBandHasher(threshold)
  const tables = Array.from({ length: hasher.bands }, () => createTable(capacity))
  const keys = new Int32Array(hasher.bands)
  let hashed: Shingles | null = null
  /** A text is looked for, then added: it is hashed once. */
  const hash = (shingles: Shingles): void => {
    if (shingles !== hashed) hasher.hash(shingles, keys)
    hashed = shingles
  }
  const members: Shingles[] = []
  const indexes: number[] = []
  const seenBy = new Int32Array(capacity).fill(-1)
  let searches = 0
  return {
    add(index, shingles) {
      hash(shingles)
      tables.forEach((table, band) => table.add(keys[band], members.length))
      members.push(shingles)
      indexes.push(index)
    },
    find(shingles) {
      hash(shingles)
      const search = searches++
      let best = -1
      let similarity = 0
      let looks = 0
      for (const [band, table] of tables.entries()) {
        for (let member = table.first(keys[band]); member >= 0; member = table.next(member, keys[band])) {
          if (seenBy[member] === search) continue
          seenBy[member] = search
          const found = jaccard(shingles, members[member], Math.max(threshold, similarity))
          if (found > similarity) [best, similarity] = [member, found]
          if (best >= 0 && looks++ === looksBeyondFirst) return { index: indexes[best], similarity }
        }
      }
      return best < 0 ? null : { index: indexes[best], similarity }
    },
  }
}

interface Table {
  add(key: number, member: number): void
  /** The member added last under a key, or -1; then those before it. */
  first(key: number): number
  next(member: number, key: number): number
}

/** A hash table of linked lists in typed arrays: a map of arrays would take ten times the memory. */
function createTable(capacity: number): Table {
  const size = 2 ** Math.ceil(Math.log2(Math.max(2, capacity * 2)))
  const heads = new Int32Array(size).fill(-1)
  const links = new Int32Array(capacity)
  const keys = new Int32Array(capacity)
  const skipOthers = (start: number, key: number): number => {
    let member = start
    while (member >= 0 && keys[member] !== key) member = links[member]
    return member
  }
  return {
    add(key, member) {
      const slot = key & (size - 1)
      keys[member] = key
      links[member] = heads[slot]
      heads[slot] = member
    },
    first: (key) => skipOthers(heads[key & (size - 1)], key),
    next: (member, key) => skipOthers(links[member], key),
  }
}
