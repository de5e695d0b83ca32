/** Length of the longest common subsequence, 32 places at a time (Hyyrö's bit-parallel algorithm, 2004). */

/** Of two sequences; in time |a|·|b| / 32. */
export function commonSubsequence(a: readonly string[], b: readonly string[]): number {
  const blocks = Math.ceil(a.length / 32)
  const places = new Map<string, Uint32Array>()
  for (const [index, token] of a.entries()) {
    const mask = places.get(token) ?? new Uint32Array(blocks)
    mask[index >>> 5] |= 1 << (index & 31)
    places.set(token, mask)
  }
  // A zero bit at a place of `a` says that the subsequence grew there.
  const row = new Uint32Array(blocks).fill(0xffff_ffff)
  for (const token of b) {
    const mask = places.get(token)
    if (mask !== undefined) advance(row, mask)
  }
  let length = 0
  for (let index = 0; index < a.length; index++) length += 1 - ((row[index >>> 5] >>> (index & 31)) & 1)
  return length
}

function advance(row: Uint32Array, mask: Uint32Array): void {
  let carry = 0
  for (let block = 0; block < row.length; block++) {
    const matched = (row[block] & mask[block]) >>> 0
    const sum = row[block] + matched + carry
    carry = sum > 0xffff_ffff ? 1 : 0
    row[block] = sum | (row[block] - matched)
  }
}
