/** Trains the classifier and the tagger on the fields that need them, with the same rows held out. */
import type { TrainProgress } from '../../core/event.ts'
import type { Json } from '../../core/json.ts'
import type { Example } from '../../core/row.ts'
import type { Overfitting } from '../../core/student.ts'
import { trainClassifier } from './classifier/train-classifier.ts'
import type { HeldOut, PartOptions } from './held-out.ts'
import { mapHeldOut } from './hold-out.ts'
import type { AnswerPlan, Probabilities, Tags } from './runtime/answer.js'
import type { ClassifierModel } from './runtime/classifier.js'
import type { TaggerModel } from './runtime/tagger.js'
import { trainTagger } from './tagger/train-tagger.ts'
import { headsOf, spansOf } from './training-rows.ts'

export interface TrainedPart<Model, Evidence> {
  readonly model: Model
  /** What the part said of held-out rows, by their index. */
  readonly evidence: ReadonlyMap<number, Evidence>
  readonly overfitting: Overfitting
  readonly interrupted: boolean
  readonly details: Readonly<Record<string, Json>>
}

/** A part is null where no field needs it. */
export interface TrainedParts {
  readonly classifier: TrainedPart<ClassifierModel, Probabilities> | null
  readonly tagger: TrainedPart<TaggerModel, Tags> | null
  readonly curves: readonly TrainProgress[]
}

interface Work {
  readonly plan: AnswerPlan
  readonly training: readonly Example[]
  readonly heldOut: HeldOut<Example>
  readonly options: PartOptions
}

/** Events pass through, and are kept as curves. */
export async function* trainParts(work: Work): AsyncGenerator<TrainProgress, TrainedParts> {
  const curves: TrainProgress[] = []
  const classifier = yield* passOn(classifierPart(work), curves)
  const tagger = yield* passOn(taggerPart(work), curves)
  return { classifier, tagger, curves }
}

async function* classifierPart(work: Work): AsyncGenerator<TrainProgress, TrainedParts['classifier']> {
  const heads = headsOf(work.plan)
  if (heads.length === 0) return null
  const toRow = (example: Example) => ({
    input: example.row.input,
    targets: Object.fromEntries(heads.map((head) => [head.key, head.target(example)])),
  })
  const specs = heads.map(({ key, values }) => ({ key, values }))
  const rows = work.training.map(toRow)
  const result = yield* trainClassifier(rows, specs, mapHeldOut(work.heldOut, toRow), work.options)
  return {
    ...result,
    evidence: new Map(result.heldOut.map(({ index, probabilities }) => [index, probabilities])),
  }
}

async function* taggerPart(work: Work): AsyncGenerator<TrainProgress, TrainedParts['tagger']> {
  const fields = spansOf(work.plan)
  if (fields.length === 0) return null
  const toRow = (example: Example) => ({
    input: example.row.input,
    spans: Object.fromEntries(fields.map((field) => [field.key, field.texts(example)])),
  })
  const specs = fields.map(({ key, list }) => ({ key, list }))
  const rows = work.training.map(toRow)
  const result = yield* trainTagger(rows, specs, mapHeldOut(work.heldOut, toRow), work.options)
  return { ...result, evidence: new Map(result.heldOut.map(({ index, spans }) => [index, spans])) }
}

async function* passOn<Result>(
  generator: AsyncGenerator<TrainProgress, Result>,
  curves: TrainProgress[],
): AsyncGenerator<TrainProgress, Result> {
  for (;;) {
    const turn = await generator.next()
    if (turn.done === true) return turn.value
    curves.push(turn.value)
    yield turn.value
  }
}
