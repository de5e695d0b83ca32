/** Compares a tagger's answers with rows that it has not learned from. */
import {
  decodeTags,
  scoreTags,
  tagConfidence,
  tagWindow,
  type TagAnswer,
  type TaggerModel,
  type TagSpan,
} from '../runtime/tagger.js'
import { readTagBag } from '../runtime/tag-features.js'
import { createTagLattice, fillTagLattice } from '../runtime/tag-lattice.js'
import { tagTexts, type TaggedRow, type TaggerRow } from './tag-rows.ts'

/** A held-out row, with its place in the caller's list. */
export interface HeldOutRow {
  readonly index: number
  readonly row: TaggerRow
  readonly tagged: TaggedRow
}

/** One field's answer to a held-out row. */
export interface JudgedField {
  readonly field: number
  readonly spans: readonly TagSpan[]
  /** The model's own probability of its answer, 0..1, before calibration. */
  readonly probability: number
  readonly right: boolean
}

export interface JudgedRow {
  readonly index: number
  readonly fields: readonly JudgedField[]
  /** Negative log-likelihood of the row's own tags, in nats; 0 tokens where they are none of the model's. */
  readonly loss: number
  readonly tokens: number
}

export function judgeRow(model: TaggerModel, { index, row, tagged }: HeldOutRow): JudgedRow {
  const fields = decodeTags(model, row.input, tagged.tokens).map(({ spans, probability }, field) => {
    const right = isRight(spans, row.spans[model.fields[field].key] ?? [])
    return { field, spans, probability, right }
  })
  return { index, fields, ...lossOf(model, tagged) }
}

/** Texts compare as answers do: after NFC and trim. */
function isRight(spans: readonly TagSpan[], expected: readonly string[]): boolean {
  const clean = (text: string): string => text.normalize('NFC').trim()
  return spans.length === expected.length && spans.every(({ text }, i) => clean(text) === clean(expected[i]))
}

function lossOf(model: TaggerModel, tagged: TaggedRow): { loss: number; tokens: number } {
  const { tags, transitions } = model
  const gold = Uint16Array.from(tagTexts(tagged, model.fields.length), (text) => tags.indexOf(text) & 0xffff)
  if (gold.includes(0xffff)) return { loss: 0, tokens: 0 }
  const bag = readTagBag(tagged.tokens)
  let loss = 0
  let tokens = 0
  for (let from = 0; from < gold.length; from += tagWindow) {
    const own = gold.subarray(from, from + tagWindow)
    if (!isPossible(own, model)) continue
    const scores = scoreTags(model, tagged.tokens, bag, from, from + own.length)
    loss += fillTagLattice(createTagLattice(own.length, tags.length), scores, model, own)
    own.forEach((tag, i) => {
      loss -=
        scores[i * tags.length + tag] + (i === 0 ? 0 : Math.log(transitions[own[i - 1] * tags.length + tag]))
    })
    tokens += own.length
  }
  return { loss, tokens }
}

/** False where a span goes on from the window before, or its tag can not follow the one before. */
function isPossible(gold: Uint16Array, { tags, transitions }: TaggerModel): boolean {
  return gold.every((tag, i) =>
    i === 0 ? !tags[tag].includes('2') : transitions[gold[i - 1] * tags.length + tag] > 0,
  )
}

/** The row's answer as `tag` would give it with this calibration. */
export function calibratedAnswer(model: TaggerModel, { fields }: JudgedRow): TagAnswer {
  return Object.fromEntries(
    fields.map(({ field, spans, probability }) => [
      model.fields[field].key,
      { spans, confidence: tagConfidence(model, field, probability) },
    ]),
  )
}
