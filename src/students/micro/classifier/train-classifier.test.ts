import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { TrainProgress } from '../../../core/event.ts'
import { createRandom } from '../../../core/random.ts'
import type { HeldOut, PartOptions } from '../held-out.ts'
import { classify, unpackClassifier, type ClassifierModel } from '../runtime/classifier.js'
import type { ClassifierRow, HeadSpec } from './classifier-row.ts'
import { packClassifier } from './pack-classifier.ts'
import { trainClassifier, type TrainedClassifier } from './train-classifier.ts'

const topics = {
  card: ['my card was stolen', 'the card is blocked', 'where is my new card', 'card declined at the shop'],
  money: ['send money abroad', 'the transfer is late', 'wrong amount was sent', 'cancel this transfer'],
  login: ['I forgot my password', 'the code never arrives', 'cannot sign in', 'reset my login please'],
}
const moods = {
  calm: ['thank you', 'no hurry', 'whenever you like'],
  cross: ['this is awful', 'I am furious', 'fix it now!!'],
}
const topicHead: HeadSpec = { key: 'topic', values: Object.keys(topics) }
const moodHead: HeadSpec = { key: 'mood', values: Object.keys(moods) }
/** True for an angry customer with a card problem: it follows from the other two. */
const escalateHead: HeadSpec = { key: 'escalate', values: ['false', 'true'] }
const heads = [topicHead, moodHead, escalateHead]

function oneHot(size: number, index: number): Float32Array {
  const target = new Float32Array(size)
  target[index] = 1
  return target
}

function makeRows(count: number, seed = 1): ClassifierRow[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => {
    const topic = random.below(3)
    const mood = random.below(2)
    const pick = (choices: readonly string[]): string => choices[random.below(choices.length)]
    const order = random.below(100_000)
    const input = `${pick(Object.values(topics)[topic])}, order ${order}. ${pick(Object.values(moods)[mood])}`
    const targets = {
      topic: oneHot(3, topic),
      mood: oneHot(2, mood),
      escalate: oneHot(2, topic === 0 && mood === 1 ? 1 : 0),
    }
    return { input, targets }
  })
}

async function train(
  rows: readonly ClassifierRow[],
  {
    specs = heads,
    heldOut = { kind: 'nothing' },
    options = {},
    onProgress = () => undefined,
  }: {
    readonly specs?: readonly HeadSpec[]
    readonly heldOut?: HeldOut<ClassifierRow>
    readonly options?: Partial<PartOptions>
    readonly onProgress?: (progress: TrainProgress) => void
  } = {},
): Promise<TrainedClassifier> {
  const training = trainClassifier(rows, specs, heldOut, { seed: 1, ...options })
  for (;;) {
    const turn = await training.next()
    if (turn.done === true) return turn.value
    onProgress(turn.value)
  }
}

function folds(count: number, rows: number): HeldOut<ClassifierRow> {
  return { kind: 'folds', count, foldOf: Uint8Array.from({ length: rows }, (_, row) => row % count) }
}

function best(values: ArrayLike<number>): number {
  return Array.from(values).indexOf(Math.max(...Array.from(values)))
}

function accuracy(model: ClassifierModel, rows: readonly ClassifierRow[], key: string): number {
  const right = rows.filter(({ input, targets }) => best(classify(model, input)[key]) === best(targets[key]))
  return right.length / rows.length
}

function digestOf(model: ClassifierModel): string {
  return createHash('sha256')
    .update(packClassifier(model, { quantised: false }).bytes)
    .digest('hex')
}

describe('trainClassifier', () => {
  const unseen = makeRows(100, 2)

  it('learns every head of a small task, on rows that it has not seen', async () => {
    const rows = makeRows(150)
    const { model } = await train(rows, { heldOut: folds(5, rows.length) })
    for (const { key } of heads) expect(accuracy(model, unseen, key)).toBeGreaterThan(0.95)
  })

  it('answers with probabilities that sum to 1', async () => {
    const { model } = await train(makeRows(40))
    for (const input of [unseen[0].input, '', '   ', '日本語 🙂', 'x'.repeat(20_000)]) {
      for (const probabilities of Object.values(classify(model, input))) {
        expect(probabilities.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 5)
      }
    }
  })

  it('gives out-of-fold probabilities for each training row, better than chance on noise-free rows', async () => {
    const rows = makeRows(120)
    const { heldOut } = await train(rows, { heldOut: folds(4, rows.length) })
    expect(heldOut.map(({ index }) => index)).toEqual(rows.map((_, index) => index))
    const right = heldOut.filter(
      (row) => best(row.probabilities.topic) === best(rows[row.index].targets.topic),
    )
    expect(right.length).toBeGreaterThan(110)
  })

  it('numbers fixed held-out rows by their own place, and learns from them too in the end', async () => {
    const rows = makeRows(60).map((row) => ({ ...row, input: row.input.replace(/.*order/, 'order') }))
    const fixed = makeRows(30, 3)
    const { heldOut, model } = await train(rows, { heldOut: { kind: 'rows', rows: fixed } })
    expect(heldOut.map(({ index }) => index)).toEqual(fixed.map((_, index) => index))
    // Only the held-out rows name their topic.
    expect(accuracy(model, fixed, 'topic')).toBeGreaterThan(0.9)
  })

  it('says of rows that were held out only what it learnt without them', async () => {
    const random = createRandom(5)
    const rows = Array.from({ length: 60 }, (_, row) => ({
      input: `unique${row} words${row * 7}`,
      targets: { topic: oneHot(3, random.below(3)) },
    }))
    const trained = await train(rows, { specs: [topicHead], heldOut: folds(5, rows.length) })
    const right = trained.heldOut.filter(
      (row) => best(row.probabilities.topic) === best(rows[row.index].targets.topic),
    )
    expect(right.length).toBeLessThan(36)
    expect(accuracy(trained.model, rows, 'topic')).toBe(1)
  })

  it('runs on ten rows, with a head of one value, and with nothing held out', async () => {
    const rows = makeRows(10).map((row) => ({ ...row, targets: { ...row.targets, always: oneHot(1, 0) } }))
    const specs = [...heads, { key: 'always', values: ['"yes"'] }]
    for (const heldOut of [folds(5, 10), { kind: 'nothing' } as const]) {
      const { model } = await train(rows, { specs, heldOut })
      expect(accuracy(model, rows, 'topic')).toBeGreaterThan(0.8)
      expect(Array.from(classify(model, 'anything').always)).toEqual([1])
    }
  })

  it('learns how sure to be from soft targets', async () => {
    const rows = makeRows(120).map(({ input, targets }) => {
      const topic = targets.topic[0] === 1 ? Float32Array.of(0.7, 0.3, 0) : targets.topic
      return { input, targets: { topic } }
    })
    const { model } = await train(rows, { specs: [topicHead], heldOut: folds(5, rows.length) })
    const cards = makeRows(60, 4).filter(({ targets }) => targets.topic[0] === 1)
    const means = [0, 1].map(
      (value) =>
        cards.reduce((sum, { input }) => sum + classify(model, input).topic[value], 0) / cards.length,
    )
    expect(means[0]).toBeGreaterThan(0.6)
    expect(means[0]).toBeLessThan(0.9)
    expect(means[1]).toBeGreaterThan(0.1)
  })

  it('is the same, bit for bit, for the same seed, and another for another seed', async () => {
    const rows = makeRows(60)
    const heldOut = folds(2, rows.length)
    const digest = async (seed: number): Promise<string> =>
      digestOf((await train(rows, { heldOut, options: { seed } })).model)
    const once = await digest(1)
    expect(await digest(1)).toBe(once)
    expect(await digest(2)).not.toBe(once)
  })

  it('looks at the other heads where a field follows from them', async () => {
    const rows = makeRows(250).map((row, index) => ({
      ...row,
      // As many other words as there are rows: what n-grams say of the field itself is drowned out.
      targets: { ...row.targets, parity: oneHot(2, (best(row.targets.topic) + best(row.targets.mood)) % 2) },
      input: `${row.input} ${index * 7919}`,
    }))
    const specs = [topicHead, moodHead, { key: 'parity', values: ['false', 'true'] }]
    const { details, model } = await train(rows, {
      specs,
      heldOut: folds(3, rows.length),
      options: { epochs: 8 },
    })
    expect(details.heads).toMatchObject({ parity: { looksAtOtherHeads: true } })
    const tested = makeRows(100, 6).filter(
      ({ input, targets }) =>
        best(classify(model, input).parity) === (best(targets.topic) + best(targets.mood)) % 2,
    )
    expect(tested.length).toBeGreaterThan(90)
  })
})

describe('training progress', () => {
  it('comes after each epoch, first on held-out rows, then on all rows', async () => {
    const lines: TrainProgress[] = []
    const rows = makeRows(60)
    const { epochs } = await train(rows, { heldOut: folds(3, 60), onProgress: (line) => lines.push(line) })
    const search = lines.filter(({ part }) => part === 'classifier')
    const full = lines.filter(({ part }) => part === 'classifier, all rows')
    expect(search.length + full.length).toBe(lines.length)
    expect(search.map(({ epoch }) => epoch)).toEqual(search.map((_, index) => index + 1))
    expect(full.map(({ epoch }) => epoch)).toEqual(Array.from({ length: epochs }, (_, index) => index + 1))
    expect(search.every(({ validationLoss }) => validationLoss !== null && validationLoss > 0)).toBe(true)
    expect(search.at(-1)?.trainLoss).toBeLessThan(search[0].trainLoss)
    expect(search.filter(({ best }) => best).at(-1)?.epoch).toBe(epochs)
  })

  it('is one curve where nothing is held out, no longer than the cap on epochs', async () => {
    const lines: TrainProgress[] = []
    await train(makeRows(30), { options: { epochs: 3 }, onProgress: (line) => lines.push(line) })
    expect(lines.map(({ part, epoch, validationLoss }) => [part, epoch, validationLoss])).toEqual([
      ['classifier', 1, null],
      ['classifier', 2, null],
      ['classifier', 3, null],
    ])
  })

  it('leaves room for others to work', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 0)
    await train(makeRows(60), { heldOut: folds(3, 60), options: { epochs: 4 } })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(5)
  })

  it('says that the network learnt its rows by heart where labels are random, and keeps the best epoch', async () => {
    const random = createRandom(9)
    const rows = makeRows(150).map(({ input }) => ({ input, targets: { topic: oneHot(3, random.below(3)) } }))
    const lines: TrainProgress[] = []
    const { overfitting, epochs } = await train(rows, {
      specs: [topicHead],
      heldOut: folds(5, rows.length),
      onProgress: (line) => lines.push(line),
    })
    expect(overfitting.detected).toBe(true)
    expect(overfitting.text).toMatch(/^The held-out loss rose from \d\.\d+ \(epoch \d+\) to \d\.\d+/)
    const losses = lines.flatMap(({ validationLoss }) => (validationLoss === null ? [] : [validationLoss]))
    expect(epochs).toBe(best(losses.map((loss) => -loss)) + 1)
    expect(epochs).toBeLessThan(losses.length)
  })

  it('does not speak of overfitting on a clean task', async () => {
    const rows = makeRows(80)
    expect((await train(rows, { heldOut: folds(3, rows.length) })).overfitting.detected).toBe(false)
  })
})

describe('a training that is ended before its time', () => {
  async function endAfter(count: number, part: string): Promise<TrainedClassifier> {
    const controller = new AbortController()
    const rows = makeRows(60)
    let seen = 0
    return train(rows, {
      heldOut: folds(3, rows.length),
      options: { signal: controller.signal },
      onProgress: (line) => {
        if (line.part === part && ++seen === count) controller.abort()
      },
    })
  }

  it('keeps the best so far, wherever it is ended', async () => {
    for (const [count, part] of [
      [1, 'classifier'],
      [6, 'classifier'],
      [2, 'classifier, all rows'],
    ] as const) {
      const { interrupted, model } = await endAfter(count, part)
      expect(interrupted).toBe(true)
      expect(accuracy(model, makeRows(50, 8), 'topic')).toBeGreaterThan(0.9)
    }
  })

  it('ends at once: after one more epoch at most', async () => {
    const controller = new AbortController()
    controller.abort()
    const lines: TrainProgress[] = []
    const { interrupted } = await train(makeRows(60), {
      heldOut: folds(3, 60),
      options: { signal: controller.signal },
      onProgress: (line) => lines.push(line),
    })
    expect(interrupted).toBe(true)
    expect(lines.length).toBe(1)
  })
})

describe('packClassifier', () => {
  it('round trips whole: the same answers, to the bit', async () => {
    const { model } = await train(makeRows(80), { heldOut: folds(4, 80) })
    const { header, bytes } = packClassifier(model, { quantised: false })
    const copy = unpackClassifier({ header: JSON.parse(JSON.stringify(header)) as typeof header, bytes })
    for (const { input } of makeRows(20, 2)) expect(classify(copy, input)).toEqual(classify(model, input))
    expect(digestOf(copy)).toBe(digestOf(model))
  })

  it('is much smaller and nearly the same, pruned and in 8 bits', async () => {
    const { model } = await train(makeRows(90), { heldOut: folds(3, 90) })
    const whole = packClassifier(model, { quantised: false })
    const small = packClassifier(model, { quantised: true })
    expect(small.bytes.length).toBeLessThan(whole.bytes.length / 3)
    const copy = unpackClassifier(small)
    for (const { input } of makeRows(50, 2)) {
      const expected = classify(model, input)
      for (const [key, probabilities] of Object.entries(classify(copy, input))) {
        expect(best(probabilities)).toBe(best(expected[key]))
        probabilities.forEach((probability, i) =>
          expect(Math.abs(probability - expected[key][i])).toBeLessThan(0.15),
        )
      }
    }
  })
})
