/** Measures every arm on the same evaluation rows: teachers and student before, floor, student after, and both together. */
import type { StepEvent } from '../core/event.ts'
import type { OpenedModel } from '../catalog.ts'
import { PotstillError } from '../core/errors.ts'
import { hashJson } from '../core/hash.ts'
import type { ArmRole } from '../core/measure.ts'
import type { Row } from '../core/row.ts'
import { readStep } from '../runs/step.ts'
import { chooseThreshold, type ChosenThreshold } from '../statistics/coverage.ts'
import { cascadeAnswers } from '../steps/evaluate/cascade.ts'
import { scoreValue } from '../steps/evaluate/judge.ts'
import { summariseArm } from '../steps/evaluate/summarise-arm.ts'
import { generate } from '../steps/generate/generate.ts'
import { trainBaseline } from '../students/micro/baseline.ts'
import { openStudent } from '../students/registry.ts'
import { earlyStopWarnings, looksOf, orderOfAsking, stopPoints } from './early-stop.ts'
import type { Curated } from './gather-examples.ts'
import { measure, type MeasuredArm } from './measure-arm.ts'
import type { ConfiguredArm, Session } from './session.ts'
import { trainOnLabels, type StudentResult } from './train-students.ts'
import { measureUntuned, measureWithExamples } from './untuned-arms.ts'

export interface Measured {
  /** Those that the arms answered, in the order of asking, every one with its expected answer. */
  readonly rows: readonly Row[]
  readonly arms: readonly MeasuredArm[]
  readonly warnings: readonly string[]
}

export interface MeasuredAfter {
  readonly arms: readonly MeasuredArm[]
  readonly student: MeasuredArm
  /** null when no threshold keeps enough rows with the student. */
  readonly cascade: MeasuredArm | null
  readonly threshold: ChosenThreshold | null
}

export async function* measureBefore(
  session: Session,
  teacher: OpenedModel,
): AsyncGenerator<StepEvent, Measured> {
  const novice = yield* trainOnLabels(session)
  const expected = yield* expectedAnswers(session, teacher)
  let rows = orderOfAsking(session, expected.rows)
  const arms: MeasuredArm[] = []
  for (const { name, role, model } of armsOf(session)) {
    const opened = role === 'teacher' ? teacher : await session.open(model)
    const arm = { name, role, opened, settings: session.settingsOf(name) }
    const measured = yield* measure(session, rows, {
      ...arm,
      stopAtPoints: role === 'teacher' ? stopPoints(session) : null,
    })
    // The teacher comes first; all others answer the rows that it did.
    rows = rows.slice(0, measured.answers.length)
    arms.push(measured)
  }
  if (novice !== null) {
    arms.push(
      yield* measureStudent(session, rows, { name: 'student-before', role: 'before', student: novice }),
    )
  }
  arms.push(...(yield* measureUntuned(session, rows)))
  return { rows, arms, warnings: [...expected.warnings, ...earlyStopWarnings(session, rows.length)] }
}

export interface AfterInputs {
  readonly before: Measured
  readonly curated: Curated
  readonly student: StudentResult
}

export async function* measureAfter(
  session: Session,
  inputs: AfterInputs,
): AsyncGenerator<StepEvent, MeasuredAfter> {
  const { before, curated, student } = inputs
  const { rows } = before
  const arms: MeasuredArm[] = [yield* measureBaseline(session, rows, curated, 'most-frequent', 'floor')]
  if (!before.arms.some(({ arm }) => arm.role === 'before')) {
    arms.push(yield* measureBaseline(session, rows, curated, 'student-before', 'before'))
  }
  arms.push(...(yield* measureWithExamples(session, rows, curated.examples)))
  const after = yield* measureStudent(session, rows, { name: 'student', role: 'after', student })
  const threshold = chooseThreshold(
    heldOutScores(session, student),
    session.config.verdict.marginPoints / 100,
  )
  const teacher = before.arms.find(({ arm }) => arm.role === 'teacher')
  const cascade =
    threshold === null || teacher === undefined ? null : together(session, rows, after, teacher, threshold)
  return { arms, student: after, cascade, threshold }
}

/** For `potstill evaluate`: the student too, where the run has trained one. */
export async function* measureTrained(session: Session, before: Measured): AsyncGenerator<StepEvent, string> {
  const trained = await readStep<{ 'manifest-of-student.json': StudentResult['manifest'] }>(
    session.path('train'),
  )
  const arms = [...before.arms]
  if (trained !== null) {
    const manifest = trained.artifacts['manifest-of-student.json']
    const student = { folder: session.path('train/student'), hash: hashJson(manifest), manifest }
    arms.push(yield* measureStudent(session, before.rows, { name: 'student', role: 'after', student }))
  }
  return arms.map(({ arm }) => `${arm.name} ${(100 * arm.score).toFixed(1)} %`).join(', ')
}

/** The teacher comes first: several that are combined are its parts, measured after it. */
function armsOf(session: Session): readonly ConfiguredArm[] {
  const arms = session.configuredArms()
  if (arms[0].role === 'teacher') return arms
  return [{ name: 'teacher', role: 'teacher', model: '', cheap: false }, ...arms]
}

/** Evaluation rows with their expected answers; where the data has none, the teacher's answers stand in. */
async function* expectedAnswers(
  session: Session,
  teacher: OpenedModel,
): AsyncGenerator<StepEvent, { readonly rows: readonly Row[]; readonly warnings: readonly string[] }> {
  const { evaluation, needsExpected } = session.rows
  if (!needsExpected) return { rows: evaluation, warnings: [] }
  const settings = session.settingsOf('teacher')
  const step = yield* session.step<{ 'expected.jsonl': readonly { rowKey: string; content: string }[] }>({
    step: 'evaluate',
    id: 'evaluate/expected',
    title: 'the teacher’s answers, standing in for expected ones',
    inputs: { teacher: teacher.identity, settings, rows: rowsHash(evaluation), task: session.task },
    async *work() {
      const asked = yield* generate(teacher.model, evaluation, {
        ...session.asking(),
        settings,
        step: 'evaluate',
      })
      const expected = asked.outcomes.flatMap((outcome) =>
        'reply' in outcome ? [{ rowKey: outcome.row.key, content: outcome.reply.content }] : [],
      )
      return {
        artifacts: { 'expected.jsonl': expected },
        finished: `${expected.length} of ${evaluation.length} rows`,
        incomplete: asked.failed > 0,
      }
    },
  })
  const answers = new Map(
    step.artifacts['expected.jsonl'].map(({ rowKey, content }) => [rowKey, session.parse(content)]),
  )
  const rows = evaluation.flatMap((row) => {
    const answer = answers.get(row.key)
    return answer !== undefined && 'value' in answer ? [{ ...row, expected: answer.value }] : []
  })
  if (rows.length === 0) {
    throw new PotstillError('DATA_EMPTY', 'the teacher gave no usable answer to any evaluation row')
  }
  const lost = evaluation.length - rows.length
  const warnings = [
    'No evaluation row has an expected answer: the teacher’s answers stand in for them, so every score is agreement with the teacher, and the teacher’s own is 100 % by construction.',
    ...(lost > 0 ? [`${lost} evaluation rows are left out: the teacher gave no usable answer to them.`] : []),
  ]
  return { rows, warnings }
}

async function* measureStudent(
  session: Session,
  rows: readonly Row[],
  arm: { name: string; role: ArmRole; student: Pick<StudentResult, 'folder' | 'hash' | 'manifest'> },
): AsyncGenerator<StepEvent, MeasuredArm> {
  const { model } = await openStudent(arm.student.folder)
  const opened = { model, identity: { student: arm.student.hash }, priceBasis: session.processorBasis() }
  try {
    return yield* measure(session, rows, {
      name: arm.name,
      role: arm.role,
      opened,
      settings: { prompt: session.task.prompt },
    })
  } finally {
    await model.close?.()
  }
}

async function* measureBaseline(
  session: Session,
  rows: readonly Row[],
  curated: Curated,
  name: string,
  role: ArmRole,
): AsyncGenerator<StepEvent, MeasuredArm> {
  const outputs = curated.examples.map((example) => example.output)
  const model = trainBaseline(session.task, outputs)
  const opened = { model, identity: { baseline: hashJson(outputs) }, priceBasis: session.processorBasis() }
  return yield* measure(session, rows, { name, role, opened, settings: { prompt: '' } })
}

/** Put together from answers that are there already; nothing is asked again. */
function together(
  session: Session,
  rows: readonly Row[],
  student: MeasuredArm,
  teacher: MeasuredArm,
  { threshold }: ChosenThreshold,
): MeasuredArm {
  const answers = cascadeAnswers(student.answers, teacher.answers, threshold)
  const arm = summariseArm(
    {
      name: 'student+teacher',
      role: 'cascade',
      model: `${student.arm.model} + ${teacher.arm.model}`,
      source: 'cascade',
      priceBasis: `${student.arm.priceBasis}; ${teacher.arm.priceBasis} for the rows that it answers`,
    },
    answers,
    rows,
    session.task,
    looksOf(session),
  )
  return { arm, answers }
}

/** How well the student agrees with labels and teacher on rows that it had not learned from. */
function heldOutScores(
  session: Session,
  { heldOut }: StudentResult,
): { confidence: number; score: number }[] {
  return heldOut.map(({ output, expected, confidence }) => ({
    confidence,
    score: scoreValue(session.task, expected, output),
  }))
}

function rowsHash(rows: readonly Row[]): string {
  return hashJson(rows.map((row) => [row.key, row.history ?? []]))
}
