/** Puts the report's data together from what the steps left behind; every figure is computed here or before. */
import { cpus } from 'node:os'
import { stringify } from 'yaml'
import type { Arm, Comparison, JudgedAnswer } from '../core/measure.ts'
import type { ReportData } from '../core/report-data.ts'
import { termsOf } from '../models/terms.ts'
import { compareArms, scoresOf } from '../statistics/compare.ts'
import { decideVerdict, type VerdictArm } from '../statistics/verdict.ts'
import { looksOf, rowsLeft } from './early-stop.ts'
import type { Answered, Curated } from './gather-examples.ts'
import type { MeasuredArm } from './measure-arm.ts'
import type { Measured, MeasuredAfter } from './measure-arms.ts'
import { nextSteps, warningsOf, worthOf } from './report-advice.ts'
import { costsOf } from './report-costs.ts'
import { coverageOf, fieldDetails, worstRows } from './report-rows.ts'
import type { Session } from './session.ts'
import type { StudentResult } from './train-students.ts'

export interface StepResults {
  readonly before: Measured
  readonly answered: Answered
  readonly curated: Curated
  readonly student: StudentResult
  readonly after: MeasuredAfter
  /** Seconds that the steps took, those of earlier calls included. */
  readonly seconds: number
}

const roleOrder = ['teacher', 'reference', 'floor', 'before', 'after', 'cascade'] as const

export function buildReport(session: Session, results: StepResults, finishedAt: Date): ReportData {
  const { config } = session
  const { before, answered, curated, student, after } = results
  const measured = [
    ...before.arms,
    ...after.arms,
    after.student,
    ...(after.cascade === null ? [] : [after.cascade]),
  ]
  const arms = measured
    .map(({ arm }) => arm)
    .sort((a, b) => roleOrder.indexOf(a.role) - roleOrder.indexOf(b.role))
  const teacher = armOf(measured, 'teacher')
  const replaced = armOf(measured, config.verdict.replaces)
  const verdict = verdictOf(session, measured, after)
  const advice = {
    session,
    arms,
    student: after.student.arm,
    verdict,
    trainingRows: student.manifest.training.rows,
    failedGenerations: answered.generation.failed,
    rowsLeft: rowsLeft(session, before.rows.length),
  }
  return {
    format: 1,
    name: config.name,
    note: config.note ?? null,
    run: runFacts(session, finishedAt, results.seconds),
    task: {
      input: session.task.input,
      prompt: session.task.prompt,
      output: session.task.output.kind,
      fields: session.task.fields,
    },
    data: {
      evaluationRows: before.rows.length,
      labelledRows: session.rows.labelled.length,
      unlabelledRows: session.rows.unlabelled.length,
      trainingRows: student.manifest.training.rows,
      validationRows: student.manifest.training.validationRows,
      evaluationFrom: evaluationFrom(session, before.rows.length),
    },
    arms,
    comparisons: comparisonsOf(session, measured),
    verdict,
    warnings: [...before.warnings, ...warningsOf(advice)],
    fields: fieldDetails(session.task, before.rows, after.student),
    training: trainingFacts(session, student),
    generation: answered.generation,
    curation: curated.summary,
    coverage: coverageOf(after.student, teacher, after.threshold, student.heldOut.length),
    costs: costsOf({
      arms,
      replaced: replaced.arm,
      student: after.student.arm,
      config,
      teacherUsd: answered.generation.usd,
      trainingSeconds: student.seconds,
      pricesAsOf: session.catalog.prices.asOf,
    }),
    worstRows: worstRows(before.rows, after.student, before.arms),
    terms: { model: answered.generation.model, ...termsOf(answered.pricedAs) },
    reproduce: {
      commands: commandsOf(session),
      inputs: session.inputs,
      config: stringify(config),
      studentHash: student.hash,
    },
    next: nextSteps(advice),
  }
}

function armOf(measured: readonly MeasuredArm[], name: string): MeasuredArm {
  const found = measured.find(({ arm }) => arm.name === name)
  if (found === undefined) throw new Error(`no arm is named ${name}`)
  return found
}

function verdictOf(
  session: Session,
  measured: readonly MeasuredArm[],
  after: MeasuredAfter,
): ReportData['verdict'] {
  const { metric, marginPoints, replaces } = session.config.verdict
  const { cascade, threshold } = after
  const cheap = [...session.configuredArms().filter((arm) => arm.cheap), ...untunedArms(measured)].filter(
    ({ name }) => name !== replaces,
  )
  return decideVerdict({
    metric,
    marginPoints,
    replaces: verdictArm(armOf(measured, replaces)),
    student: verdictArm(after.student),
    cheap: cheap.map(({ name }) => verdictArm(armOf(measured, name))),
    looks: looksOf(session),
    ...(cascade === null || threshold === null
      ? {}
      : {
          cascade: {
            ...scoresOf(cascade.arm.name, cascade.answers),
            threshold: threshold.threshold,
            coverage: share(cascade.answers, (answer) => answer.answeredBy === 'student'),
          },
        }),
  })
}

/** The student's own base as it is: where that will do, there was no need to train. */
function untunedArms(measured: readonly MeasuredArm[]): Pick<Arm, 'name'>[] {
  return measured.map(({ arm }) => arm).filter(({ source, role }) => source === 'local' && role === 'before')
}

function verdictArm({ arm, answers }: MeasuredArm): VerdictArm {
  const fields = Object.fromEntries(
    arm.fields.map(({ path }) => [path, answers.map((answer) => answer.correct[path])] as const),
  )
  return { ...scoresOf(arm.name, answers), fields }
}

/** after-before, after-replaced, after-teacher, cascade-replaced: those that there are, none twice. */
function comparisonsOf(session: Session, measured: readonly MeasuredArm[]): Comparison[] {
  const { replaces } = session.config.verdict
  const pairs = [
    ['student', measured.find(({ arm }) => arm.role === 'before')?.arm.name ?? 'student-before'],
    ['student', replaces],
    ['student', 'teacher'],
    ['student+teacher', replaces],
  ]
  const seen = new Set<string>()
  return pairs.flatMap(([first, second]) => {
    const a = measured.find(({ arm }) => arm.name === first)
    const b = measured.find(({ arm }) => arm.name === second)
    if (a === undefined || b === undefined || seen.has(`${first} ${second}`)) return []
    seen.add(`${first} ${second}`)
    return [compareArms(scoresOf(first, a.answers), scoresOf(second, b.answers), looksOf(session))]
  })
}

function evaluationFrom(session: Session, asked: number): string {
  const stopped = rowsLeft(session, asked) > 0
  return `${session.rows.evaluationFrom}${stopped ? `, the first ${asked} in random order` : ''}`
}

function runFacts(session: Session, finishedAt: Date, seconds: number): ReportData['run'] {
  const { run, seed, options } = session
  const processors = cpus()
  return {
    id: run.manifest.id,
    folder: run.folder,
    startedAt: run.manifest.startedAt,
    finishedAt: finishedAt.toISOString(),
    seconds,
    seed,
    potstill: options.version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
    processor: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
  }
}

function trainingFacts(
  session: Session,
  { manifest, seconds, sizeBytes }: StudentResult,
): ReportData['training'] {
  return {
    kind: session.config.student.kind,
    seconds,
    heldOutBy: manifest.heldOutBy,
    curves: manifest.curves,
    overfitting: manifest.overfitting,
    interrupted: manifest.interrupted,
    expectedCalibrationError: manifest.expectedCalibrationError,
    sizeBytes,
    details: manifest.details,
    worth: worthOf(manifest.training.rows),
  }
}

function commandsOf({ loaded, options, config }: Session): string[] {
  const seed = options.seed === undefined ? '' : ` --seed ${options.seed}`
  return [
    `${options.command} run ${loaded.file} --fresh${seed}`,
    `${options.command} predict ${config.name} --input FILE.jsonl --json`,
    `${options.command} export ${config.name}`,
  ]
}

function share(answers: readonly JudgedAnswer[], test: (answer: JudgedAnswer) => boolean): number {
  return answers.length === 0 ? 0 : answers.filter(test).length / answers.length
}
