/** Seeded random numbers, the same on every machine. Everything random in potstill goes through here. */

export interface Random {
  /** A number in [0, 1) with 32 random bits. */
  next(): number
  /** A whole number in [0, limit). */
  below(limit: number): number
  /** A standard normal number (Box and Muller 1958). */
  normal(): number
  /** Shuffles in place (Fisher and Yates) and returns its argument. */
  shuffle<T extends { length: number; [index: number]: unknown }>(items: T): T
}

/** A generator of the sfc32 family (Doty-Humphrey, PractRand), seeded by mixing one whole number. */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = seed >>> 0
  let counter = Math.floor(seed / 2 ** 32) | 1
  const next32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let i = 0; i < 15; i++) next32()
  const next = (): number => next32() / 4294967296
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1)
        const held = items[i]
        items[i] = items[j]
        items[j] = held
      }
      return items
    },
  }
}
