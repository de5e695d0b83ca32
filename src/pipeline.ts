/** The whole story: measure, generate, curate, train, measure again, report. Each step resumes by itself. */
import type { StepEvent, StepName } from './core/event.ts'
import { announceRun } from './pipeline/announce-run.ts'
import { checkTask } from './pipeline/check-task.ts'
import { compareTeachers, type ComparedTeacher } from './pipeline/compare-teachers.ts'
import { estimateCost } from './pipeline/estimate.ts'
import { curateCandidates, generateAnswers } from './pipeline/gather-examples.ts'
import { reportLostCalls } from './pipeline/lost-calls.ts'
import { measureAfter, measureBefore, measureTrained } from './pipeline/measure-arms.ts'
import { openTeacher } from './pipeline/open-teacher.ts'
import { openSession, type RunResult, type Session, type SessionOptions } from './pipeline/session.ts'
import { trainStudent } from './pipeline/train-students.ts'
import { writeReport } from './pipeline/write-report.ts'

/** @throws PotstillError; whatever was done and paid for until then is kept, and the next call goes on from it. */
export async function* runPipeline(options: SessionOptions): AsyncGenerator<StepEvent, RunResult> {
  const session = await openSession(options)
  try {
    yield* begin(session)
    yield* estimateCost(session)
    const teacher = yield* openTeacher(session)
    const before = yield* measureBefore(session, teacher)
    const answered = yield* generateAnswers(session, teacher)
    const curated = yield* curateCandidates(session, answered)
    const student = yield* trainStudent(session, curated)
    const after = yield* measureAfter(session, { before, curated, student })
    return yield* writeReport(session, { before, answered, curated, student, after })
  } finally {
    await session.close()
  }
}

/** One step of it, after those that it builds on; these are skipped where they are up to date. */
export async function* runOneStep(
  options: SessionOptions,
  step: Exclude<StepName, 'report'>,
): AsyncGenerator<StepEvent, RunResult> {
  const session = await openSession(options)
  try {
    yield* begin(session)
    return session.result(yield* oneStep(session, step))
  } finally {
    await session.close()
  }
}

/** Each teacher alone, and each way of combining them, on the evaluation rows. @throws CONFIG_INVALID for one teacher. */
export async function* runTeacherComparison(
  options: SessionOptions,
): AsyncGenerator<StepEvent, readonly ComparedTeacher[]> {
  const session = await openSession(options)
  try {
    yield* begin(session)
    return yield* compareTeachers(session)
  } finally {
    await session.close()
  }
}

async function* begin(session: Session): AsyncGenerator<StepEvent, void> {
  await checkTask(session)
  yield* announceRun(session)
  yield* reportLostCalls(session)
}

async function* oneStep(
  session: Session,
  step: Exclude<StepName, 'report'>,
): AsyncGenerator<StepEvent, string> {
  const teacher = yield* openTeacher(session)
  if (step === 'evaluate') return yield* measureTrained(session, yield* measureBefore(session, teacher))
  const answered = yield* generateAnswers(session, teacher)
  if (step === 'generate') return answered.summary
  const curated = yield* curateCandidates(session, answered)
  if (step === 'curate') return curated.text
  const student = yield* trainStudent(session, curated)
  return student.summary
}
