/** Splits rows by group, so that what belongs together is never on both sides. */
import { hashText } from './hash.ts'

interface Grouped {
  readonly group: string
}

export interface Split<R> {
  readonly rest: readonly R[]
  readonly heldOut: readonly R[]
}

/**
 * Holds out whole groups until about `share` (0..1) of the rows are held out. Groups come in the order of a
 * seeded hash of their names, so the order of the rows does not matter and further rows disturb little. A group
 * is taken when that brings the count nearer to the share. With two groups or more, both sides have one.
 * Both sides keep the order of the rows.
 */
export function splitByGroup<R extends Grouped>(rows: readonly R[], share: number, seed: number): Split<R> {
  const taken = takeGroups(sizesOf(rows), share * rows.length, seed)
  return {
    rest: rows.filter(({ group }) => !taken.has(group)),
    heldOut: rows.filter(({ group }) => taken.has(group)),
  }
}

function sizesOf(rows: readonly Grouped[]): Map<string, number> {
  const sizes = new Map<string, number>()
  for (const { group } of rows) sizes.set(group, (sizes.get(group) ?? 0) + 1)
  return sizes
}

function takeGroups(sizes: ReadonlyMap<string, number>, target: number, seed: number): Set<string> {
  const taken = new Set<string>()
  if (sizes.size < 2) return taken
  const order = [...sizes].map(([group, size]) => ({ group, size, place: hashText(`${seed}\n${group}`) }))
  order.sort((a, b) => (a.place < b.place ? -1 : 1))
  let count = 0
  for (const { group, size } of order) {
    if (taken.size === sizes.size - 1 || count + size / 2 > target) continue
    taken.add(group)
    count += size
  }
  if (taken.size === 0) {
    taken.add(order.reduce((least, next) => (next.size < least.size ? next : least)).group)
  }
  return taken
}
