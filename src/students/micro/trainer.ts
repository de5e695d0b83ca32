/** Trains the micro student: plans the fields, trains the parts on them, joins their answers, calibrates and writes. */
import { refuseErrors } from '../../core/check-examples.ts'
import type { StepEvent } from '../../core/event.ts'
import { hashJson } from '../../core/hash.ts'
import { equalJson } from '../../core/json.ts'
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
import { refuseUsedFolder, writeStudentFolder, type ManifestBody } from '../student-folder.ts'
import { fitPower } from '../../statistics/fit-power.ts'
import { checkTraining } from './check-training.ts'
import { planFields } from './field-plan.ts'
import type { HeldOut } from './held-out.ts'
import { chooseHeldOut } from './hold-out.ts'
import { composeAnswer, type AnswerPlan } from './runtime/answer.js'
import { modelFiles } from './student-files.ts'
import { openMicroStudent } from './student.ts'
import { trainParts, type TrainedParts } from './train-parts.ts'

export const microTrainer: Trainer = {
  kind: 'micro',
  check: checkTraining,
  train: trainMicro,
  open: openMicroStudent,
}

async function* trainMicro(
  task: Task,
  data: TrainingData,
  options: TrainOptions,
): AsyncGenerator<StepEvent, TrainedStudent> {
  const { training } = data
  const uncalibrated = planFields(task, training)
  // As train() in steps/ does, for those who call the trainer themselves.
  refuseErrors(checkTraining(task, data))
  await refuseUsedFolder(options.folder)
  const heldOut = chooseHeldOut(data, options.seed)
  const parts = yield* trainParts({ plan: uncalibrated, training, heldOut, options })
  const raw = heldOutAnswers(uncalibrated, parts, training, heldOut)
  const plan: AnswerPlan = { ...uncalibrated, confidencePower: fitPower(raw.map(rate)) }
  const answers = heldOutAnswers(plan, parts, training, heldOut)
  const manifest = await writeStudentFolder(
    options.folder,
    {
      ...describeStudent(task, data, options, parts),
      heldOutBy: heldOutBy(heldOut),
      expectedCalibrationError: expectedCalibrationError(answers.map(rate)),
    },
    modelFiles({
      plan,
      classifier: parts.classifier?.model ?? null,
      tagger: parts.tagger?.model ?? null,
    }),
  )
  return { folder: options.folder, manifest, heldOut: answers }
}

/** The whole answers to the held-out rows that every part has answered: all but where training was interrupted. */
function heldOutAnswers(
  plan: AnswerPlan,
  { classifier, tagger }: TrainedParts,
  training: readonly Example[],
  heldOut: HeldOut<Example>,
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

function describeStudent(
  task: Task,
  { training, validation }: TrainingData,
  { name, version, seed }: TrainOptions,
  { classifier, tagger, curves }: TrainedParts,
): Omit<ManifestBody, 'heldOutBy' | 'expectedCalibrationError'> {
  const parts = [classifier, tagger].filter((part) => part !== null)
  return {
    format: 1,
    kind: 'micro',
    name,
    version,
    task,
    seed,
    training: {
      rows: training.length,
      labelled: training.filter(({ origin }) => origin === 'labelled').length,
      validationRows: validation.length,
      hash: hashJson(training.map(({ row, output }) => [row.key, output])),
    },
    curves,
    overfitting: mergeOverfitting(parts.map((part) => part.overfitting)),
    interrupted: parts.some((part) => part.interrupted),
    details: {
      ...(classifier === null ? {} : { classifier: classifier.details }),
      ...(tagger === null ? {} : { tagger: tagger.details }),
    },
  }
}

function heldOutBy({ kind }: HeldOut<Example>): Manifest['heldOutBy'] {
  if (kind === 'nothing') return 'nothing'
  return kind === 'rows' ? 'validation rows' : 'cross-validation'
}

function mergeOverfitting(parts: readonly Overfitting[]): Overfitting {
  if (parts.length === 0) {
    return { detected: false, text: 'Every field is constant: there was nothing to overfit.' }
  }
  return {
    detected: parts.some(({ detected }) => detected),
    text: parts.map(({ text }) => text).join(' '),
  }
}
