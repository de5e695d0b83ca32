import { describe, expect, it } from 'vitest'
import { drain, type StepEvent } from '../../../core/event.ts'
import type { HeldOut, PartOptions } from '../held-out.ts'
import { tag, unpackTagger, type TaggerModel } from '../runtime/tagger.js'
import { packTagger } from './pack-tagger.ts'
import { toyFields, toyRows } from '../../../../test/support/toy-tagger-rows.ts'
import { trainTagger, type SpanField, type TaggerRow, type TrainedTagger } from './train-tagger.ts'

const nothing: HeldOut<TaggerRow> = { kind: 'nothing' }

async function train(
  rows: readonly TaggerRow[],
  fields: readonly SpanField[],
  heldOut: HeldOut<TaggerRow>,
  options: Partial<PartOptions> = {},
): Promise<{ trained: TrainedTagger; events: StepEvent[] }> {
  const events: StepEvent[] = []
  const trained = await drain(trainTagger(rows, fields, heldOut, { seed: 1, ...options }), (event) =>
    events.push(event),
  )
  return { trained, events }
}

function answersOf(model: TaggerModel, input: string): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(tag(model, input)).map(([key, { spans }]) => [key, spans.map(({ text }) => text)]),
  )
}

function accuracy(model: TaggerModel, rows: readonly TaggerRow[]): number {
  const right = rows.filter((row) => {
    const answers = answersOf(model, row.input)
    return Object.entries(answers).every(
      ([key, texts]) => JSON.stringify(texts) === JSON.stringify(row.spans[key] ?? []),
    )
  })
  return right.length / rows.length
}

const training = toyRows(200, 1)
const validation = toyRows(60, 2)

describe('trainTagger', () => {
  it('learns single and list fields, in order, and says how sure it is', async () => {
    const { trained, events } = await train(training, toyFields, { kind: 'rows', rows: validation })
    expect(accuracy(trained.model, toyRows(100, 3))).toBeGreaterThan(0.95)
    expect(answersOf(trained.model, 'a room for Hana and Ada, please')).toEqual({
      city: [],
      guests: ['Hana', 'Ada'],
    })
    expect(trained.heldOut.map(({ index }) => index)).toEqual([...validation.keys()])
    expect(trained.heldOut[0].spans).toEqual(tag(trained.model, validation[0].input))
    expect(events.at(-1)).toMatchObject({ type: 'train', part: 'tagger', epoch: events.length })
    expect(trained.overfitting.text).toMatch(/^The tagger's held-out loss .* are kept\.$/)
  })

  it('gives the same bytes for the same seed, and others for another', async () => {
    const packs = []
    for (const seed of [7, 7, 8]) {
      const { trained } = await train(training, toyFields, nothing, { seed, epochs: 2 })
      packs.push(packTagger(trained.model, { quantised: false }))
    }
    expect(packs[1]).toEqual(packs[0])
    expect(packs[2].bytes).not.toEqual(packs[0].bytes)
  })

  it('answers each row of a cross-validation by a model that did not see it', async () => {
    const rows = toyRows(20, 4)
    rows[0] = { input: 'a room for Zyx, please', spans: { guests: ['a room'] } }
    const foldOf = Uint8Array.from(rows, (_, index) => index % 4)
    const { trained, events } = await train(rows, toyFields, { kind: 'folds', count: 4, foldOf })
    expect(trained.heldOut.map(({ index }) => index).sort((a, b) => a - b)).toEqual([...rows.keys()])
    const first = trained.heldOut.find(({ index }) => index === 0)
    expect(first?.spans.guests.spans.map(({ text }) => text)).not.toEqual(['a room'])
    expect(events.filter((event) => event.type === 'train' && event.validationLoss !== null)).toHaveLength(
      events.length,
    )
  })

  it('runs on ten rows with a field that is always null, and on inputs without a word', async () => {
    const rows = [...toyRows(8, 5), { input: '', spans: {} }, { input: ' \n', spans: { city: ['Rome'] } }]
    const fields = [...toyFields, { key: 'never', list: false }]
    const { trained } = await train(rows, fields, {
      kind: 'folds',
      count: 2,
      foldOf: Uint8Array.from(rows, (_, i) => i % 2),
    })
    expect(trained.unaligned).toBe(1)
    const answer = tag(trained.model, 'Ada will travel to Rome tomorrow.')
    expect(answer.never.spans).toEqual([])
    expect(answer.never.confidence).toBeGreaterThan(0.8)
  })

  it('runs where every field is null in every row', async () => {
    const rows = toyRows(10, 6).map(({ input }) => ({ input, spans: {} }))
    const { trained } = await train(rows, toyFields, { kind: 'rows', rows })
    expect(accuracy(trained.model, rows)).toBe(1)
  })

  it('reports quotes that are not in their inputs and learns from the rest', async () => {
    const rows = training.map((row, index) =>
      index < 5 ? { ...row, spans: { ...row.spans, city: ['Atlantis'] } } : row,
    )
    const { trained } = await train(rows, toyFields, nothing, { epochs: 3 })
    expect(trained.unaligned).toBe(5)
    expect(trained.details.unaligned).toBe(5)
  })

  it('goes by the lines of context before the text', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => {
      const key = i % 2 === 0 ? 'time' : 'people'
      return { input: `requested=${key}\n${1 + (i % 12)}`, spans: { [key]: [String(1 + (i % 12))] } }
    })
    const fields = [
      { key: 'time', list: false },
      { key: 'people', list: false },
    ]
    const { trained } = await train(rows, fields, nothing)
    expect(answersOf(trained.model, 'requested=time\n19')).toEqual({ time: ['19'], people: [] })
    expect(answersOf(trained.model, 'requested=people\n19')).toEqual({ time: [], people: ['19'] })
  })

  it('begins a span at a word that only what follows speaks for', async () => {
    const rows = Array.from({ length: 80 }, (_, i): TaggerRow => {
      const number = String(10_000 + i * 37)
      if (i % 4 === 0)
        return { input: `my order ${number} is late`, spans: { reference: [`order ${number}`] } }
      return { input: 'I order and order and order again', spans: {} }
    })
    const { trained } = await train(rows, [{ key: 'reference', list: false }], nothing)
    expect(answersOf(trained.model, 'my order 77123 is late')).toEqual({ reference: ['order 77123'] })
  })

  it('leaves out the part of a word that quotes leave out', async () => {
    const things = ['table', 'lamp', 'chair', 'door', 'window', 'desk']
    const rows = Array.from({ length: 48 }, (_, i) => ({
      input: `two ${things[i % 6]}s in room ${i}`,
      spans: { thing: [things[i % 6]] },
    }))
    const { trained } = await train(rows, [{ key: 'thing', list: false }], nothing)
    expect(answersOf(trained.model, 'two mirrors in room 5')).toEqual({ thing: ['mirror'] })
  })

  it('ends soon when aborted and keeps the best so far', async () => {
    const abort = new AbortController()
    const rows = toyRows(1000, 8)
    const training = trainTagger(
      rows,
      toyFields,
      { kind: 'rows', rows: validation },
      { seed: 1, signal: abort.signal },
    )
    let seen = 0
    const trained = await drain(training, () => {
      if (++seen === 2) abort.abort()
    })
    expect(seen).toBe(2)
    expect(trained).toMatchObject({ interrupted: true })
    expect(accuracy(trained.model, validation)).toBeGreaterThan(0.9)
  })

  it('gives a model even when aborted before its first epoch is over', async () => {
    const { trained, events } = await train(
      toyRows(300, 9),
      toyFields,
      { kind: 'rows', rows: validation },
      { signal: AbortSignal.abort() },
    )
    expect(trained.interrupted).toBe(true)
    expect(events).toHaveLength(1)
    expect(tag(trained.model, 'Ada will travel to Rome tomorrow.').city.spans.length).toBeLessThanOrEqual(1)
  })

  it('lets timers run while it learns', async () => {
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    await train(toyRows(2000, 10), toyFields, nothing, { epochs: 1 })
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(1)
  })
})

describe('packTagger', () => {
  it('comes back exactly, and almost exactly in 8 bits, in less room', async () => {
    const { trained } = await train(training, toyFields, { kind: 'rows', rows: validation }, { epochs: 4 })
    const whole = packTagger(trained.model, { quantised: false })
    const small = packTagger(trained.model, { quantised: true })
    expect(small.bytes.length).toBeLessThan(0.8 * whole.bytes.length)
    expect(whole.bytes.length % 8).toBe(0)
    const header = JSON.parse(JSON.stringify(whole.header)) as typeof whole.header
    expect(unpackTagger({ header, bytes: whole.bytes })).toEqual(trained.model)
    const quantised = unpackTagger(small)
    for (const { input } of validation) {
      const [a, b] = [tag(trained.model, input), tag(quantised, input)]
      expect(b.city.spans).toEqual(a.city.spans)
      expect(Math.abs(b.city.confidence - a.city.confidence)).toBeLessThan(0.05)
    }
  })
})
