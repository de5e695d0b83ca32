import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { drain } from '../../../core/event.ts'
import { toyFields, toyRows } from '../../../../test/support/toy-tagger-rows.ts'
import { trainTagger } from '../tagger/train-tagger.ts'
import { readTagTokens } from './tag-features.js'
import { createTagLattice, fillTagBackward, fillTagLattice, readTagStates } from './tag-lattice.js'
import { tag, type TaggerModel } from './tagger.js'

let model: TaggerModel

beforeAll(async () => {
  const training = trainTagger(toyRows(200, 1), toyFields, { kind: 'nothing' }, { seed: 1, epochs: 4 })
  model = (await drain(training, () => undefined)).model
})

describe('readTagTokens', () => {
  it('makes each sign of a script without spaces a token', () => {
    const tokens = readTagTokens('请到北京市A1')
    expect([...tokens.starts]).toEqual([0, 1, 2, 3, 4, 5, 6])
  })

  it('tells the lines of context from the text', () => {
    expect(readTagTokens('a=1\nb=x y\nhello').body).toBe(7)
    expect(readTagTokens('hello a=1\n').body).toBe(0)
  })
})

describe('fillTagLattice', () => {
  it('sums over all sequences of tags and gives each tag its probability', () => {
    const tags = ['0', '1', '2']
    const length = 4
    const { states, openers, continuations } = readTagStates(tags, 1)
    expect([...states]).toEqual([0, 1, 2])
    const scores = Float64Array.from({ length: 12 }, (_, i) => Math.sin(i * 7) * 2)
    const weights = Float64Array.from({ length: 9 }, (_, i) => Math.cos(i * 3))
    const transitions = Float32Array.from(weights, (weight, i) => (i === 2 ? 0 : Math.exp(weight)))
    const paths = allPaths(length).map((path) => ({
      path,
      value: path.reduce(
        (product, tag, i) =>
          product *
          Math.exp(scores[i * 3 + tag]) *
          (i === 0 ? Number(tag !== 2) : transitions[path[i - 1] * 3 + tag]),
        1,
      ),
    }))
    const total = paths.reduce((sum, { value }) => sum + value, 0)
    const lattice = createTagLattice(length, 3)
    expect(fillTagLattice(lattice, scores, { tags, openers, continuations, transitions })).toBeCloseTo(
      Math.log(total),
      5,
    )
    fillTagBackward(lattice, transitions, 3)
    for (let i = 0; i < length; i++) {
      for (let tag = 0; tag < 3; tag++) {
        const share =
          paths.filter(({ path }) => path[i] === tag).reduce((sum, { value }) => sum + value, 0) / total
        expect(lattice.forward[i * 3 + tag] * lattice.backward[i * 3 + tag] || 0).toBeCloseTo(share, 5)
      }
    }
  })
})

function allPaths(length: number): number[][] {
  if (length === 0) return [[]]
  return allPaths(length - 1).flatMap((path) => [0, 1, 2].map((tag) => [...path, tag]))
}

describe('tag', () => {
  const words = fc.constantFrom(
    'to',
    'for',
    'Ada',
    'and',
    'Rome',
    'New',
    'Delhi',
    ',',
    '\n',
    ' ',
    'a=b\n',
    '😀',
    '\ud800',
    'é',
    '北京',
    'İ',
    '7',
  )

  it('answers with pieces of the input, at the places it says, in order and apart', () => {
    const inputs = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words).map((list) => list.join(' ')),
      fc.array(words).map((list) => list.join('')),
    )
    fc.assert(
      fc.property(inputs, (input) => {
        const answer = tag(model, input)
        const sound = toyFields.every(({ key, list }) => {
          const { spans, confidence } = answer[key]
          const placed = spans.every(({ text, start, end }, i) => {
            const apart = i === 0 || start >= spans[i - 1].end
            return text === input.slice(start, end) && text.trim() !== '' && apart
          })
          return placed && (list || spans.length <= 1) && confidence >= 0 && confidence <= 1
        })
        expect(sound).toBe(true)
      }),
    )
  })

  it('gives one field one answer, the first that is mentioned', () => {
    const { spans } = tag(model, 'Ada will travel to Rome tomorrow. Emil will travel to Oslo tomorrow.').city
    expect(spans).toEqual([{ text: 'Rome', start: 19, end: 23 }])
  })

  it('survives long and odd inputs', () => {
    const odd = [
      '',
      ' ',
      '\0',
      '\ud83d',
      '\udc00\ud800',
      '😀'.repeat(500),
      'x'.repeat(100_000),
      'a '.repeat(50_000),
      '1,'.repeat(50_000),
      'a=b\n'.repeat(25_000),
      '北'.repeat(20_000),
    ]
    for (const input of odd) expect(Object.keys(tag(model, input))).toEqual(['city', 'guests'])
  })

  it('finds what stands far back in a long input', () => {
    const filler = 'nothing to see here . '.repeat(2000)
    const { spans } = tag(model, `${filler}please book a flight to Lima for Ada`).guests
    expect(spans.map(({ text }) => text)).toContain('Ada')
  })

  it('takes time in proportion to the length', () => {
    const once = 'please book a flight to Rome for Ada and Boris . '.repeat(400)
    tag(model, once)
    const time = (input: string): number => {
      const start = process.cpuUsage().user
      tag(model, input)
      return process.cpuUsage().user - start
    }
    const ratios = [1, 2, 3].map(() => time(once.repeat(8)) / Math.max(time(once), 1))
    expect(Math.min(...ratios)).toBeLessThan(24)
  })
})
