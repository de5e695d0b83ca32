/** Measures each of several teachers alone and each way of combining them, on the same evaluation rows. */
import { PotstillError } from '../core/errors.ts'
import type { StepEvent } from '../core/event.ts'
import { teacherModels, type SeveralTeachersConfig } from '../core/config.ts'
import type { Arm, Comparison } from '../core/measure.ts'
import { compareArms, scoresOf } from '../statistics/compare.ts'
import type { CombineWay } from '../steps/generate/combine/combined-model.ts'
import { looksOf } from './early-stop.ts'
import { measure, type MeasuredArm } from './measure-arm.ts'
import { combineTeachers } from './open-teacher.ts'
import type { Session } from './session.ts'

export interface ComparedTeacher {
  readonly arm: Arm
  /** null for a teacher alone. */
  readonly combine: CombineWay | null
  /** This one minus the best teacher alone; null for that one. */
  readonly toBest: Comparison | null
}

/** Replies are in the call log: whoever has run the config pays for what is new alone. @throws CONFIG_INVALID, DATA_EMPTY. */
export async function* compareTeachers(
  session: Session,
): AsyncGenerator<StepEvent, readonly ComparedTeacher[]> {
  const teacher = severalTeachers(session)
  const rows = session.rows.evaluation
  const alone: MeasuredArm[] = []
  for (const { name, model } of teacherModels(session.config)) {
    const opened = await session.open(model)
    alone.push(
      yield* measure(session, rows, { name, role: 'reference', opened, settings: session.settingsOf(name) }),
    )
  }
  const combined: { combine: CombineWay; measured: MeasuredArm }[] = []
  for (const combine of waysOf(session, teacher)) {
    const opened = yield* combineTeachers(session, teacher, combine)
    const settings = session.settingsOf('teacher')
    const measured = yield* measure(session, rows, { name: combine, role: 'teacher', opened, settings })
    combined.push({ combine, measured })
  }
  const best = alone.reduce((first, next) => (next.arm.score > first.arm.score ? next : first))
  const toBest = (measured: MeasuredArm): Comparison | null =>
    measured === best
      ? null
      : compareArms(
          scoresOf(measured.arm.name, measured.answers),
          scoresOf(best.arm.name, best.answers),
          looksOf(session),
        )
  return [
    ...alone.map((measured) => ({ arm: measured.arm, combine: null, toBest: toBest(measured) })),
    ...combined.map(({ combine, measured }) => ({ arm: measured.arm, combine, toBest: toBest(measured) })),
  ]
}

function severalTeachers({ config, loaded, rows }: Session): SeveralTeachersConfig {
  if (!('combine' in config.teacher)) {
    throw new PotstillError(
      'CONFIG_INVALID',
      `${loaded.file}: there is one teacher, and nothing to compare`,
      {
        hint: 'Give teacher: { combine: weighted, models: [...] }; docs/teachers.md shows how.',
      },
    )
  }
  if (rows.needsExpected) {
    throw new PotstillError(
      'DATA_EMPTY',
      'teachers are compared on evaluation rows with known answers, and there are none',
      {
        hint: 'Give data.evaluation with expected answers, or data.labelled.',
      },
    )
  }
  return config.teacher
}

/** All that the task and the rows allow; with a judge, those that need one. */
function waysOf({ task, rows }: Session, { judge, models }: SeveralTeachersConfig): CombineWay[] {
  const samples = models.reduce((sum, model) => sum + model.samples, 0)
  const byValue: CombineWay[] =
    task.output.kind === 'text'
      ? []
      : ['vote', ...(rows.labelled.length > 0 || samples > 2 ? (['weighted'] as const) : [])]
  return [...byValue, ...(judge === undefined ? [] : (['best-of', 'blend'] as const)), 'fallback']
}
