/** Learns a small byte-level BPE vocabulary from a few sentences, so that tests have a real tokenizer. */

const sentences = [
  'the order has not arrived and the customer wants the money back',
  'please change the address of the account before the parcel is sent',
  'the invoice is wrong: it shows the price of last month and another tax',
  '{"category": "billing", "urgent": true, "language": "en", "quote": "where is my refund"}',
  'user assistant system answer with one word: shipping, billing, account or other',
  'there is an error when the other person tries to log in with the new password',
]

/** GPT-2's letters for the 256 bytes: printable ones stand for themselves, the others for letters from U+0100 on. */
export function byteLetters(): readonly string[] {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173)
    return String.fromCodePoint(isPrintable ? byte : next++)
  })
}

/** At most `count` merges, the most frequent pair first, ties by their text: always the same. */
export function learnMerges(count: number): {
  readonly bytes: readonly string[]
  readonly merges: readonly (readonly [string, string])[]
} {
  const bytes = byteLetters()
  let words = sentences
    .flatMap((sentence) => sentence.match(/ ?\p{L}+| ?[^\s\p{L}\p{N}]+/gu) ?? [])
    .map((word) => [...Buffer.from(word)].map((byte) => bytes[byte]))
  const merges: [string, string][] = []
  while (merges.length < count) {
    const pair = mostFrequentPair(words)
    if (pair === null) throw new Error(`the sentences give only ${merges.length} merges, wanted ${count}`)
    merges.push(pair)
    words = words.map((word) => mergePair(word, pair))
  }
  return { bytes, merges }
}

function mostFrequentPair(words: readonly (readonly string[])[]): [string, string] | null {
  const counts = new Map<string, number>()
  for (const word of words) {
    for (let i = 1; i < word.length; i++) {
      const key = `${word[i - 1]} ${word[i]}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  const best = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]
  return best === undefined ? null : (best[0].split(' ') as [string, string])
}

function mergePair(word: readonly string[], [left, right]: readonly [string, string]): string[] {
  const merged: string[] = []
  for (const letter of word) {
    if (letter === right && merged.at(-1) === left) merged[merged.length - 1] = left + right
    else merged.push(letter)
  }
  return merged
}
