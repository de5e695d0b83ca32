/** Trains the lm student: rows to sequences, an adapter on them, answers to held-out rows as it will be served, and writes. */
import { refuseErrors } from '../../core/check-examples.ts'
import { PotstillError } from '../../core/errors.ts'
import type { StepEvent } from '../../core/event.ts'
import { hashJson } from '../../core/hash.ts'
import { equalJson, type Json } from '../../core/json.ts'
import { mapConcurrently } from '../../core/concurrent.ts'
import { createAnswerParser } from '../../core/answer.ts'
import type { ChatModel } from '../../core/chat-model.ts'
import { buildRequest } from '../../core/request.ts'
import type { Example } from '../../core/row.ts'
import type {
  HeldOutAnswer,
  LanguageModelOptions,
  TrainedStudent,
  Trainer,
  TrainingData,
  TrainOptions,
} from '../../core/student.ts'
import type { Task } from '../../core/task.ts'
import { expectedCalibrationError, type RatedAnswer } from '../../statistics/calibration.ts'
import { fitPower } from '../../statistics/fit-power.ts'
import { refuseUsedFolder, writeStudentFolder } from '../student-folder.ts'
import { answerText } from './answer-text.ts'
import { checkTask, checkTraining } from './check-training.ts'
import { adapterFiles } from './student-files.ts'
import { createStudentModel, openLmStudent } from './student.ts'
import { createChatEncoder, type ChatEncoder } from './text/encode-conversation.ts'
import { trainingSequences, withinLength } from './text/training-sequence.ts'
import { holdOutRows } from './training/hold-out.ts'
import { trainAdapter, type TrainedAdapter } from './training/train-adapter.ts'
import type { BaseModel, TrainingSequence } from './types.ts'
import { openBaseModel } from './weights/base-model.ts'

export const lmTrainer: Trainer = {
  kind: 'lm',
  checkTask,
  check: checkTraining,
  train: trainLm,
  open: openLmStudent,
}

async function* trainLm(
  task: Task,
  data: TrainingData,
  options: TrainOptions,
): AsyncGenerator<StepEvent, TrainedStudent> {
  // As train() in steps/ does, for those who call the trainer themselves.
  refuseErrors([...checkTask(task), ...checkTraining(task, data)])
  const settings = languageModelOptions(options)
  await refuseUsedFolder(options.folder)
  const base = await openBaseModel(settings.base)
  try {
    return yield* trainOn(base, settings, task, splitOff(data, options.seed), options)
  } finally {
    await base.close()
  }
}

async function* trainOn(
  base: BaseModel,
  settings: LanguageModelOptions,
  task: Task,
  data: TrainingData,
  options: TrainOptions,
): AsyncGenerator<StepEvent, TrainedStudent> {
  const encoder = createChatEncoder(base.tokenizer)
  const training = yield* sequencesOf(base, encoder, task, data.training)
  const validation = yield* sequencesOf(base, encoder, task, data.validation)
  const trained = yield* trainAdapter({
    base,
    encoder,
    sequences: training,
    validation,
    chosen: chosenSettings(settings, options),
    seed: options.seed,
    checkpointFolder: options.checkpoint ?? `${options.folder}.checkpoint`,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  if (trained.tokensPerSecond !== null) {
    const text = `Trained at ${Math.round(trained.tokensPerSecond)} tokens a second.`
    yield { type: 'message', level: 'info', text }
  }
  const weights = settings.weights ?? 'int8'
  const maxTokens = roomFor([...training, ...validation])
  const served = { ...options, task }
  const model = createStudentModel(
    served,
    { weights, maxTokens, confidencePower: 1 },
    base.path,
    trained.adapter,
  )
  const raw = yield* heldOutAnswers(task, model, data.validation)
  const confidencePower = fitPower(raw.map(rate))
  const heldOut = raw.map((answer) => ({ ...answer, confidence: answer.confidence ** confidencePower }))
  const manifest = await writeStudentFolder(
    options.folder,
    {
      ...describe(task, data, options, trained),
      expectedCalibrationError: expectedCalibrationError(heldOut.map(rate)),
      details: {
        base: { name: base.name, path: base.path, sha256: base.sha256 },
        rank: trained.adapter.rank,
        alpha: trained.adapter.alpha,
        weights,
        maxTokens,
        confidencePower,
        epochs: trained.settings.epochs,
        batchSize: trained.settings.batchSize,
        learningRate: trained.settings.learningRate,
      },
    },
    await adapterFiles(base, trained.adapter),
  )
  return { folder: options.folder, manifest, heldOut }
}

function languageModelOptions({ lm }: TrainOptions): LanguageModelOptions {
  if (lm !== undefined) return lm
  throw new PotstillError('TRAINING_REFUSED', 'A student of kind lm needs an open model to adapt', {
    hint: 'Give student.base: a path, a URL or a Hugging Face repository.',
  })
}

/** Validation rows that were given stand; else a tenth is held out here, for a language model is not cross-validated. */
function splitOff(data: TrainingData, seed: number): TrainingData {
  if (data.validation.length > 0) return data
  const rows = data.training.map((example) => ({ example, group: example.row.group }))
  const { training, validation } = holdOutRows(rows, seed)
  return {
    training: training.map(({ example }) => example),
    validation: validation.map(({ example }) => example),
  }
}

/** Rows that are longer than the model can read are left out, and that is said. */
async function* sequencesOf(
  { architecture, name }: BaseModel,
  encoder: ChatEncoder,
  task: Task,
  examples: readonly Example[],
): AsyncGenerator<StepEvent, readonly TrainingSequence[]> {
  const sequences = examples.flatMap(({ row, output }) => {
    const { messages } = buildRequest(task, row, { prompt: task.prompt })
    const first = messages.length - 1 - (row.history?.length ?? 0)
    const turns = messages.map((message, index) => ({
      ...message,
      weight: row.history?.[index - first]?.weight ?? (0 as const),
    }))
    return trainingSequences(encoder, [...turns, { role: 'assistant', content: answerText(task, output) }])
  })
  const { kept, leftOut } = withinLength(sequences, architecture.contextLength)
  if (leftOut > 0) {
    const text = `${leftOut} rows are left out: they are longer than the ${architecture.contextLength} tokens that ${name} reads.`
    yield { type: 'message', level: 'warning', text }
  }
  return kept
}

function chosenSettings(
  { rank, learningRate, batchSize }: LanguageModelOptions,
  { epochs }: TrainOptions,
): NonNullable<Parameters<typeof trainAdapter>[0]['chosen']> {
  return {
    ...(rank === undefined ? {} : { rank }),
    ...(learningRate === undefined ? {} : { learningRate }),
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(epochs === undefined ? {} : { epochs }),
  }
}

/** Twice the longest answer that was learned from: a longer one is no answer of this task. */
function roomFor(sequences: readonly TrainingSequence[]): number {
  const lengths = sequences.map(({ trained }) => trained.reduce((sum, isTrained) => sum + isTrained, 0))
  return Math.max(32, 2 * Math.max(0, ...lengths))
}

/** What it answers to the rows that it has not learned from, by the path that later serves it. */
async function* heldOutAnswers(
  task: Task,
  model: ChatModel,
  validation: readonly Example[],
): AsyncGenerator<StepEvent, HeldOutAnswer[]> {
  const parse = createAnswerParser(task)
  const answers: HeldOutAnswer[] = []
  let done = 0
  try {
    const ask = async ({ row, output }: Example): Promise<HeldOutAnswer> => {
      const reply = await model.complete(buildRequest(task, row, { prompt: task.prompt }))
      const parsed = parse(reply.content)
      const answer: Json = 'value' in parsed ? parsed.value : reply.content
      return { rowKey: row.key, output: answer, expected: output, confidence: reply.confidence ?? 0 }
    }
    for await (const { index, result } of mapConcurrently(validation, model.parallel ?? 1, ask)) {
      answers[index] = result
      done++
      yield { type: 'progress', step: 'train', label: 'held-out rows', done, total: validation.length }
    }
  } finally {
    await model.close?.()
  }
  return answers
}

function rate({ output, expected, confidence }: HeldOutAnswer): RatedAnswer {
  return { confidence, correct: equalJson(output, expected) }
}

function describe(
  task: Task,
  { training, validation }: TrainingData,
  { name, version, seed }: TrainOptions,
  { curve, overfitting, interrupted }: TrainedAdapter,
): Omit<Parameters<typeof writeStudentFolder>[1], 'expectedCalibrationError' | 'details'> {
  return {
    format: 1,
    kind: 'lm',
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
    curves: curve,
    overfitting,
    heldOutBy: validation.length > 0 ? 'validation rows' : 'nothing',
    interrupted,
  }
}
