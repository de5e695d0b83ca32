/** A pack holds each row as if it stood alone. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TrainingSequence } from '../types.ts'
import { packSequences, type Pack } from './batches.ts'

/** Rows of a few groups, each with a beginning that its rows share. */
const rows = fc.array(
  fc
    .tuple(
      fc.constantFrom([], [1], [1, 2, 3], [1, 2, 4, 5]),
      fc.array(fc.integer({ min: 10, max: 99 }), { minLength: 2, maxLength: 12 }),
      fc.nat(10),
    )
    .map(([prefix, rest, from]): TrainingSequence => {
      const ids = Int32Array.from([...prefix, ...rest])
      const first = Math.max(1, Math.min(prefix.length + from, ids.length - 1))
      return { ids, trained: new Uint8Array(ids.length).fill(1, first), sharedPrefix: prefix.length }
    }),
  { maxLength: 30 },
)

/** The tokens that a place of a pack sees, itself included, by the rule of segments. */
function seen(pack: Pack, place: number): number[] {
  const all = Array.from(pack.ids.keys())
  const visible = all.filter(
    (other) =>
      other <= place && (pack.segments[other] === 0 || pack.segments[other] === pack.segments[place]),
  )
  return visible.map((other) => pack.ids[other])
}

describe('packSequences', () => {
  it('lets every prediction see just its own row, once, at its own positions', () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 16, max: 64 }), fc.nat(), (sequences, tokens, seed) => {
        const packs = packSequences(sequences, { tokens, multiple: 8, seed })
        const found = packs.flatMap((pack) =>
          Array.from(pack.targets, (target, index) => [...seen(pack, target), pack.labels[index]].join(' ')),
        )
        const expected = sequences.flatMap(({ ids, trained }) =>
          Array.from(ids, (_, index) => index)
            .filter((index) => trained[index] === 1)
            .map((index) => ids.subarray(0, index + 1).join(' ')),
        )
        expect(found.sort()).toEqual(expected.sort())
        for (const pack of packs) {
          const places = Array.from(pack.segments.keys()).filter((place) => pack.segments[place] >= 0)
          expect(places.map((place) => pack.positions[place])).toEqual(
            places.map((place) => seen(pack, place).length - 1),
          )
        }
      }),
    )
  })

  it('keeps to the limit and the multiple, and holds every row once', () => {
    fc.assert(
      fc.property(rows, fc.nat(), (sequences, seed) => {
        const packs = packSequences(sequences, { tokens: 40, multiple: 16, seed })
        expect(packs.flatMap((pack) => pack.rows).sort((a, b) => a - b)).toEqual([...sequences.keys()])
        for (const pack of packs) {
          const used = pack.segments.filter((segment) => segment >= 0).length
          expect(used).toBeLessThanOrEqual(40)
          expect(pack.ids).toHaveLength(Math.ceil(used / 16) * 16)
        }
      }),
    )
  })

  it('is the same for the same seed, and another for another', () => {
    const sequences = Array.from({ length: 40 }, (_, index): TrainingSequence => ({
      ids: Int32Array.of(1, 2, index, index),
      trained: Uint8Array.of(0, 0, 0, 1),
      sharedPrefix: 2,
    }))
    const order = (seed: number): number[] =>
      packSequences(sequences, { tokens: 12, multiple: 4, seed }).flatMap((pack) => pack.rows)
    expect(order(1)).toEqual(order(1))
    expect(order(1)).not.toEqual(order(2))
  })

  it('computes a shared beginning once', () => {
    const sequences = Array.from({ length: 10 }, (_, index): TrainingSequence => ({
      ids: Int32Array.from([...Array.from({ length: 100 }, () => 7), index, 0]),
      trained: new Uint8Array(102).fill(1, 101),
      sharedPrefix: 100,
    }))
    const packs = packSequences(sequences, { tokens: 128, multiple: 32, seed: 1 })
    expect(packs.map((pack) => pack.ids.length)).toEqual([128])
  })

  it('throws for a row that no pack can hold, or whose shared beginning is trained', () => {
    const row = { ids: Int32Array.of(1, 2, 3), trained: Uint8Array.of(0, 1, 1), sharedPrefix: 2 }
    const options = { multiple: 1, seed: 1 }
    expect(() => packSequences([row], { ...options, tokens: 9 })).toThrow(
      'trains token 1 of its 2 shared ones',
    )
    expect(() => packSequences([{ ...row, sharedPrefix: 1 }], { ...options, tokens: 2 })).toThrow(
      'sequence 0 has 3 tokens, a pack at most 2',
    )
  })
})
