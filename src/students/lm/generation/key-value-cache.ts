/** The keys and values of the tokens that a model has seen, for several rows of tokens at once. */
import type { Architecture } from '../types.ts'

/** K: heads of keys and values; T: places a row. Both kinds lie as (rows, K, T, headSize), layer by layer. */
export interface KeyValueCache {
  readonly rows: number
  /** T */
  readonly places: number
  /** The rows from `first` on as the graph takes them: views, not copies. */
  view(
    layer: number,
    first: number,
    count: number,
  ): { readonly key: Float32Array; readonly value: Float32Array }
  /**
   * Puts a row's first `count` new tokens behind its `past` ones. `key` and `value` are (B, K, S, headSize);
   * `index` is the row's place in B.
   */
  append(layer: number, row: number, past: number, count: number, fresh: FreshKeyValues, index: number): void
  /** Makes the first `count` tokens of `to` those of `from`. */
  copy(from: number, to: number, count: number): void
  /** Exchanges the first `count` tokens of two rows. */
  swap(one: number, other: number, count: number): void
  /** Changes T; `kept` says how many tokens of each row are still of use. */
  resize(places: number, kept: readonly number[]): void
}

export interface FreshKeyValues {
  readonly key: Float32Array
  readonly value: Float32Array
  /** S */
  readonly tokens: number
}

/** Bytes of one token in one row. */
export function bytesPerToken({ layers, keyValueHeads, headSize }: Architecture): number {
  return layers * 2 * keyValueHeads * headSize * Float32Array.BYTES_PER_ELEMENT
}

export function createKeyValueCache(architecture: Architecture, rows: number): KeyValueCache {
  const { layers, keyValueHeads: K, headSize } = architecture
  let places = 0
  // Memory that has not been written to yet costs nothing, so rows are taken all at once.
  const empty = (length: number): Float32Array[] =>
    Array.from({ length: 2 * layers }, () => new Float32Array(rows * K * length * headSize))
  let stores = empty(0)
  /** Copies the first `count` tokens of a row, head by head. */
  const move = (
    source: { readonly store: Float32Array; readonly places: number; readonly row: number },
    target: { readonly store: Float32Array; readonly places: number; readonly row: number },
    count: number,
  ): void => {
    for (let head = 0; head < K; head++) {
      const start = (source.row * K + head) * source.places * headSize
      const values = source.store.subarray(start, start + count * headSize)
      target.store.set(values, (target.row * K + head) * target.places * headSize)
    }
  }
  return {
    rows,
    get places() {
      return places
    },
    view(layer, first, count) {
      const size = K * places * headSize
      const part = (store: Float32Array): Float32Array => store.subarray(first * size, (first + count) * size)
      return { key: part(stores[2 * layer]), value: part(stores[2 * layer + 1]) }
    },
    append(layer, row, past, count, { key, value, tokens }, index) {
      for (const [kind, fresh] of [key, value].entries()) {
        const store = stores[2 * layer + kind]
        for (let head = 0; head < K; head++) {
          const start = (index * K + head) * tokens * headSize
          const end = start + count * headSize
          store.set(fresh.subarray(start, end), ((row * K + head) * places + past) * headSize)
        }
      }
    },
    copy(from, to, count) {
      if (from === to) return
      for (const store of stores) move({ store, places, row: from }, { store, places, row: to }, count)
    },
    swap(one, other, count) {
      for (const store of stores) {
        for (let head = 0; head < K; head++) {
          const [a, b] = [one, other].map((row) => (row * K + head) * places * headSize)
          const values = store.slice(a, a + count * headSize)
          store.copyWithin(a, b, b + count * headSize)
          store.set(values, b)
        }
      }
    },
    resize(length, kept) {
      const former = { stores, places }
      stores = empty(length)
      places = length
      for (const [index, store] of former.stores.entries()) {
        for (const [row, count] of kept.entries()) {
          const target = { store: stores[index], places, row }
          move({ store, places: former.places, row }, target, Math.min(count, length))
        }
      }
    },
  }
}
