/** Which texts repeat an earlier one, or nearly do. */
import { foldText } from './fold-text.ts'
import { createNearIndex, type Match } from './near-index.ts'
import { shinglesOf } from './shingles.ts'

/** A text, and what must be equal too for one to count as a duplicate of another. */
export interface Comparable {
  readonly text: string
  readonly label: string
}

/**
 * For each item the earlier one, itself no duplicate, that it repeats (similarity 1: equal but for case and
 * punctuation) or is similar to by at least `threshold`; null where there is none. Short texts only repeat.
 */
export function findNearDuplicates(items: readonly Comparable[], threshold: number): (Match | null)[] {
  const matches: (Match | null)[] = items.map(() => null)
  const byLabel = new Map<string, number[]>()
  items.forEach(({ label }, index) => {
    const members = byLabel.get(label)
    if (members === undefined) byLabel.set(label, [index])
    else members.push(index)
  })
  for (const members of byLabel.values()) {
    if (members.length > 1) matchWithin(members, items, threshold, matches)
  }
  return matches
}

function matchWithin(
  members: readonly number[],
  items: readonly Comparable[],
  threshold: number,
  matches: (Match | null)[],
): void {
  const known = new Map<string, number>()
  const near = createNearIndex(threshold, members.length)
  for (const index of members) {
    const folded = foldText(items[index].text)
    const same = known.get(folded)
    if (same !== undefined) {
      matches[index] = { index: same, similarity: 1 }
      continue
    }
    const shingles = shinglesOf(folded)
    const match = shingles === null ? null : near.find(shingles)
    matches[index] = match
    // A duplicate's exact copies are duplicates of the same item.
    known.set(folded, match?.index ?? index)
    if (match === null && shingles !== null) near.add(index, shingles)
  }
}
