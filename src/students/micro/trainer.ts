/** Trains the micro student: plans the fields, trains classifier and tagger on them, joins, calibrates and writes. */
import { PotstillError } from '../../core/errors.ts'
import type { StepEvent, TrainProgress } from '../../core/event.ts'
import { hashJson } from '../../core/hash.ts'
import { equalJson, type Json } from '../../core/json.ts'
import type { Example } from '../../core/row.ts'
import type {
  HeldOutAnswer,
  Manifest,
  Overfitting,
  TrainedStudent,
  Trainer,
  TrainingData,
  TrainOptions,
} from '../../core/student.ts'
import type { Task } from '../../core/task.ts'
import { expectedCalibrationError } from '../../statistics/calibration.ts'
import { writeStudentFolder } from '../student-folder.ts'
import { fitPower } from './calibration.ts'
import { checkTraining } from './check-training.ts'
import { trainClassifier } from './classifier/train-classifier.ts'
import { planFields } from './field-plan.ts'
import type { HeldOut } from './held-out.ts'
import { chooseHeldOut, mapHeldOut } from './hold-out.ts'
import { composeAnswer, type AnswerPlan, type Probabilities, type Tags } from './runtime/answer.js'
import type { ClassifierModel } from './runtime/classifier.js'
import type { TaggerModel } from './runtime/tagger.js'
import { modelFiles } from './student-files.ts'
import { openMicroStudent } from './student.ts'
import { trainTagger } from './tagger/train-tagger.ts'
import { headsOf, spansOf } from './training-rows.ts'

export const microTrainer: Trainer = {
  kind: 'micro',
  check: checkTraining,
  train: trainMicro,
  open: openMicroStudent,
}

interface Part<Model, Evidence> {
  readonly model: Model
  /** What the part said of held-out rows, by their index. */
  readonly evidence: ReadonlyMap<number, Evidence>
  readonly overfitting: Overfitting
  readonly interrupted: boolean
  readonly details: Readonly<Record<string, Json>>
}

interface Session {
  readonly plan: AnswerPlan
  readonly training: readonly Example[]
  readonly heldOut: HeldOut<Example>
  readonly options: TrainOptions
  /** Every event that was passed on, for the manifest. */
  readonly curves: TrainProgress[]
}

async function* trainMicro(
  task: Task,
  data: TrainingData,
  options: TrainOptions,
): AsyncGenerator<StepEvent, TrainedStudent> {
  const { training } = data
  const plan = planFields(task, training)
  refuseErrors(task, data)
  const heldOut = chooseHeldOut(data, options.seed)
  const session: Session = { plan, training, heldOut, options, curves: [] }
  const classifier = yield* classifierPart(session)
  const tagger = yield* taggerPart(session)
  const answers = heldOutAnswers(session, classifier, tagger)
  const calibrated: AnswerPlan = { ...plan, confidencePower: fitPower(answers.map(rate)) }
  const final = heldOutAnswers({ ...session, plan: calibrated }, classifier, tagger)
  const files = modelFiles({
    plan: calibrated,
    classifier: classifier?.model ?? null,
    tagger: tagger?.model ?? null,
  })
  const parts = [classifier, tagger].filter((part) => part !== null)
  const manifest = await writeStudentFolder(
    options.folder,
    {
      format: 1,
      kind: 'micro',
      name: options.name,
      version: options.version,
      task,
      seed: options.seed,
      training: describeTraining(data),
      curves: session.curves,
      overfitting: mergeOverfitting(parts.map((part) => part.overfitting)),
      heldOutBy: heldOutBy(heldOut),
      expectedCalibrationError: expectedCalibrationError(final.map(rate)),
      interrupted: parts.some((part) => part.interrupted),
      details: {
        ...(classifier === null ? {} : { classifier: classifier.details }),
        ...(tagger === null ? {} : { tagger: tagger.details }),
        confidencePower: calibrated.confidencePower,
      },
    },
    files,
  )
  return { folder: options.folder, manifest, heldOut: final }
}

/** As train() in steps/ does, for those who call the trainer themselves. */
function refuseErrors(task: Task, data: TrainingData): void {
  const error = checkTraining(task, data).find((problem) => problem.level === 'error')
  if (error === undefined) return
  const details = error.hint === undefined ? {} : { hint: error.hint }
  throw new PotstillError('TRAINING_REFUSED', error.text, details)
}

async function* classifierPart({
  plan,
  training,
  heldOut,
  options,
  curves,
}: Session): AsyncGenerator<TrainProgress, Part<ClassifierModel, Probabilities> | null> {
  const heads = headsOf(plan)
  if (heads.length === 0) return null
  const toRow = (example: Example) => ({
    input: example.row.input,
    targets: Object.fromEntries(heads.map((head) => [head.key, head.target(example)])),
  })
  const rows = training.map(toRow)
  const specs = heads.map(({ key, values }) => ({ key, values }))
  const result = yield* passOn(trainClassifier(rows, specs, mapHeldOut(heldOut, toRow), options), curves)
  return {
    ...result,
    evidence: new Map(result.heldOut.map(({ index, probabilities }) => [index, probabilities])),
  }
}

async function* taggerPart({
  plan,
  training,
  heldOut,
  options,
  curves,
}: Session): AsyncGenerator<TrainProgress, Part<TaggerModel, Tags> | null> {
  const fields = spansOf(plan)
  if (fields.length === 0) return null
  const toRow = (example: Example) => ({
    input: example.row.input,
    spans: Object.fromEntries(fields.map((field) => [field.key, field.texts(example)])),
  })
  const rows = training.map(toRow)
  const specs = fields.map(({ key, list }) => ({ key, list }))
  const result = yield* passOn(trainTagger(rows, specs, mapHeldOut(heldOut, toRow), options), curves)
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

/** The whole answers to the held-out rows that every part has answered: all but where training was interrupted. */
function heldOutAnswers(
  { plan, training, heldOut }: Session,
  classifier: Part<ClassifierModel, Probabilities> | null,
  tagger: Part<TaggerModel, Tags> | null,
): readonly HeldOutAnswer[] {
  if (heldOut.kind === 'nothing') return []
  const examples = heldOut.kind === 'rows' ? heldOut.rows : training
  return examples.flatMap((example, index) => {
    const probabilities = classifier === null ? {} : classifier.evidence.get(index)
    const tags = tagger === null ? {} : tagger.evidence.get(index)
    if (probabilities === undefined || tags === undefined) return []
    const { output, confidence } = composeAnswer(plan, probabilities, tags)
    return [{ rowKey: example.row.key, output, expected: example.output, confidence }]
  })
}

function rate({ output, expected, confidence }: HeldOutAnswer): { confidence: number; correct: boolean } {
  return { confidence, correct: equalJson(output, expected) }
}

function describeTraining({ training, validation }: TrainingData): Manifest['training'] {
  return {
    rows: training.length,
    labelled: training.filter(({ origin }) => origin === 'labelled').length,
    validationRows: validation.length,
    hash: hashJson(training.map(({ row, output }) => [row.key, output])),
  }
}

function heldOutBy({ kind }: HeldOut<Example>): Manifest['heldOutBy'] {
  if (kind === 'nothing') return 'nothing'
  return kind === 'rows' ? 'validation rows' : 'cross-validation'
}

function mergeOverfitting(parts: readonly Overfitting[]): Overfitting {
  if (parts.length === 0)
    return { detected: false, text: 'Every field is constant: there was nothing to overfit.' }
  return {
    detected: parts.some(({ detected }) => detected),
    text: parts.map(({ text }) => text).join(' '),
  }
}
