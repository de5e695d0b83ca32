/** A text as the set of its overlapping pieces, and how much two such sets have in common. */

/** Characters a piece: measured on public task data, longer pieces miss rewordings, shorter ones match chance. */
const shingleLength = 5

/** Fewer pieces than this say too little: two short texts differ in a word and still share most of them. */
const fewest = 16

/** Hashes of the pieces of a folded text, sorted, each once. */
export type Shingles = Uint32Array

/** The 5-character pieces of a folded text, word ends included; null for a text that has too few. */
export function shinglesOf(folded: string): Shingles | null {
  const text = ` ${folded} `
  const count = text.length - shingleLength + 1
  if (count < fewest) return null
  const hashes = new Uint32Array(count)
  for (let start = 0; start < count; start++) {
    let hash = 0x811c9dc5
    for (let at = start; at < start + shingleLength; at++) {
      hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    }
    hashes[start] = mix(hash)
  }
  const unique = sortedUnique(hashes)
  return unique.length < fewest ? null : unique
}

/** Size of the intersection over size of the union (Jaccard), or 0 as soon as it cannot reach `atLeast`. */
export function jaccard(a: Shingles, b: Shingles, atLeast: number): number {
  const total = a.length + b.length
  const needed = (atLeast * total) / (1 + atLeast) - 1e-9
  let shared = 0
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    if (shared + Math.min(a.length - i, b.length - j) < needed) return 0
    if (a[i] === b[j]) {
      shared++
      i++
      j++
    } else if (a[i] < b[j]) i++
    else j++
  }
  return shared < needed ? 0 : shared / (total - shared)
}

/** Spreads a hash over all 32 bits (the finaliser of MurmurHash3, Appleby 2011). */
export function mix(hash: number): number {
  let bits = hash
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

function sortedUnique(hashes: Uint32Array): Uint32Array {
  hashes.sort()
  let kept = 0
  for (let at = 0; at < hashes.length; at++) {
    if (at === 0 || hashes[at] !== hashes[at - 1]) hashes[kept++] = hashes[at]
  }
  return hashes.slice(0, kept)
}
