/** MinHash signatures (Broder 1997) and their bands: sets that share much agree in a band, others seldom. */
import { createRandom } from '../core/random.ts'
import { mix, type Shingles } from './shingles.ts'

/** Values of a signature. */
const signatureLength = 128

/**
 * Each permutation gives the least value of four bins rather than one (one-permutation hashing, Li, Owen and
 * Zhang 2012, in small): a quarter of the work, and with the 16 shingles that a text has at least, a bin is
 * empty in one text of a hundred.
 */
const binBits = 2

/** How likely a pair at the threshold must be to become a candidate. */
const recall = 0.999

export interface BandHasher {
  readonly bands: number
  /** One number a band, into `keys`. */
  hash(shingles: Shingles, keys: Int32Array): void
}

/**
 * The longest bands that find a pair of the given similarity with a probability of at least 0.999: a pair of
 * similarity s agrees in one of b bands of r rows with probability 1 - (1 - s^r)^b.
 */
export function createBandHasher(threshold: number, seed = 1): BandHasher {
  const rows = rowsPerBand(threshold)
  const bands = Math.floor(signatureLength / rows)
  const { factors, offsets } = drawPermutations(signatureLength >> binBits, seed)
  const signature = new Int32Array(signatureLength)
  return {
    bands,
    hash(shingles, keys) {
      signature.fill(0x7fffffff)
      for (const shingle of shingles) lower(signature, shingle, factors, offsets)
      for (let band = 0; band < bands; band++) {
        let key = band
        for (let row = 0; row < rows; row++) key = mix(key ^ signature[band * rows + row])
        keys[band] = key
      }
    },
  }
}

function rowsPerBand(threshold: number): number {
  for (let rows = signatureLength; rows > 1; rows--) {
    const missed = (1 - threshold ** rows) ** Math.floor(signatureLength / rows)
    if (1 - missed >= recall) return rows
  }
  return 1
}

/** x -> a x + b modulo 2^32 with odd a: a permutation of the 32-bit numbers. */
function drawPermutations(count: number, seed: number): { factors: Int32Array; offsets: Int32Array } {
  const random = createRandom(seed)
  const draw = (): number => random.below(2 ** 32)
  return {
    factors: Int32Array.from({ length: count }, () => draw() | 1),
    offsets: Int32Array.from({ length: count }, () => draw() | 0),
  }
}

/** The first bits of a permuted shingle name its bin. */
function lower(signature: Int32Array, shingle: number, factors: Int32Array, offsets: Int32Array): void {
  for (let at = 0; at < factors.length; at++) {
    const value = (Math.imul(shingle, factors[at]) + offsets[at]) | 0
    const place = (at << binBits) | (value >>> (32 - binBits))
    if (value < signature[place]) signature[place] = value
  }
}
