/** Decides whether the student may stand in for the arm that it replaces, as docs and report say it. */
import type { Verdict } from '../core/measure.ts'
import type { Looks } from './anytime-interval.ts'
import type { ArmScores } from './compare.ts'
import { MINIMUM_COVERAGE } from './coverage.ts'
import { mean } from './moments.ts'
import { pairedDifference } from './paired-bootstrap.ts'
import { rowsToSettle } from './rows-to-settle.ts'
import { explain } from './verdict-reason.ts'
import type { Grounds, Judgement } from './verdict-reason.ts'

/** Below this number of evaluation rows nothing is decided. */
export const MINIMUM_ROWS = 20

export interface VerdictArm extends ArmScores {
  /** Field path to right or wrong, row by row, for naming fields that got worse. */
  readonly fields?: Readonly<Record<string, readonly boolean[]>>
}

export interface VerdictInput {
  readonly metric: Verdict['metric']
  /** Margin of non-inferiority in percentage points, chosen beforehand. */
  readonly marginPoints: number
  readonly replaces: VerdictArm
  readonly student: VerdictArm
  /** The student with the teacher behind it, at a threshold chosen on held-out training rows. */
  readonly cascade?: ArmScores & { readonly threshold: number; readonly coverage: number }
  /** Untuned cheap models measured on the same rows. */
  readonly cheap?: readonly ArmScores[]
  /** `any` where evaluation could have stopped after any row: all intervals are then always-valid ones. */
  readonly looks?: Looks
}

/**
 * The verdict on evaluation rows that decided nothing before. "Not worse" means: the lower end of the paired 95 %
 * interval of the difference lies above -margin, which is wrong for at most 2.5 % of the students at the margin.
 * In this order:
 * 1. fewer than `MINIMUM_ROWS`: `not_enough_data`;
 * 2. `no_need`: a cheap untuned model is not worse (at a level shared among the cheap models), and the student is not
 *    clearly better than it;
 * 3. `ship`: the student is not worse;
 * 4. `ship_with_fallback`: the cascade is not worse and the student answers at least `MINIMUM_COVERAGE`;
 * 5. `do_not_ship`: the difference lies beyond the margin, and the interval wholly below 0: said of a student that is
 *    truly as good at most 2.5 % of the time;
 * 6. `not_enough_data`, with the rows that would settle it.
 * 3 and 4 are two looks of 2.5 % each, so that either is wrong at most 5 % of the time (Bonferroni).
 */
export function decideVerdict(input: VerdictInput): Verdict {
  const margin = input.marginPoints / 100
  const student = judge(input.student, input.replaces, input)
  const rows = input.student.scores.length
  const common = { metric: input.metric, marginPoints: input.marginPoints, replaces: input.replaces.name }
  const finish = (
    verdict: Verdict['verdict'],
    grounds: Partial<Grounds>,
    extra: Partial<Verdict> = {},
  ): Verdict => ({
    ...common,
    verdict,
    reason: explain({ ...common, ...grounds, verdict, rows, minimumRows: MINIMUM_ROWS, student }),
    worseFields: worseFields(input, margin),
    ...extra,
  })
  const undecided = (): Verdict => {
    const moreRows = missingRows(input, margin)
    return finish('not_enough_data', { moreRows }, { moreRows })
  }
  if (rows < MINIMUM_ROWS) return undecided()
  const cheap = sufficientCheap(input, margin)
  if (cheap !== null) return finish('no_need', { cheap })
  if (isWithin(student, margin)) return finish('ship', {})
  const cascade = judgeCascade(input)
  if (cascade !== undefined && isWithin(cascade, margin)) {
    const { threshold, coverage } = cascade
    return finish('ship_with_fallback', { cascade }, { threshold, coverage })
  }
  if (student.difference < -margin && student.interval[1] < 0) return finish('do_not_ship', { cascade })
  return undecided()
}

/** Non-inferior: the lower end of the paired interval lies above the margin. */
function isWithin(judged: Judgement, margin: number): boolean {
  return judged.interval[0] > -margin
}

/** The cascade against the replaced arm; undefined when there is none, or the student answers too little of it. */
function judgeCascade(
  input: VerdictInput,
): (Judgement & { threshold: number; coverage: number }) | undefined {
  const cascade = input.cascade
  if (cascade === undefined || cascade.coverage < MINIMUM_COVERAGE) return undefined
  const { threshold, coverage } = cascade
  return { ...judge(cascade, input.replaces, input), threshold, coverage }
}

function metricOf(arm: ArmScores, metric: Verdict['metric']): readonly number[] {
  return metric === 'score' ? arm.scores : arm.exact.map(Number)
}

function judge(arm: ArmScores, against: ArmScores, input: VerdictInput, level = 0.95): Judgement {
  const first = metricOf(arm, input.metric)
  const second = metricOf(against, input.metric)
  const paired = pairedDifference(first, second, level, input.looks)
  return { name: arm.name, score: mean(first), against: mean(second), level, ...paired }
}

/** The best cheap model that will do instead of the student, or null. */
function sufficientCheap(input: VerdictInput, margin: number): Judgement | null {
  const cheap = input.cheap ?? []
  const level = 1 - 0.05 / Math.max(1, cheap.length)
  const enough = cheap
    .filter((arm) => judge(input.student, arm, input).interval[0] <= 0)
    .map((arm) => judge(arm, input.replaces, input, level))
    .filter((judged) => isWithin(judged, margin))
  return enough.sort((a, b) => b.difference - a.difference)[0] ?? null
}

/**
 * Fields whose paired interval lies wholly below 0 and whose difference lies beyond the margin. The 5 % of the
 * intervals is shared among the fields (Bonferroni), so that a student as good on every field has any field named at
 * most 2.5 % of the time; the intervals given are those wider ones.
 */
function worseFields(input: VerdictInput, margin: number): Verdict['worseFields'] {
  const paths = Object.keys(input.student.fields ?? {}).filter(
    (path) => input.replaces.fields?.[path] !== undefined,
  )
  const level = 1 - 0.05 / Math.max(1, paths.length)
  return paths
    .map((path) => {
      const first = input.student.fields?.[path] ?? []
      const second = input.replaces.fields?.[path] ?? []
      return { path, ...pairedDifference(first.map(Number), second.map(Number), level, input.looks) }
    })
    .filter((field) => field.interval[1] < 0 && field.difference < -margin)
    .sort((a, b) => a.difference - b.difference)
}

/** Rows still missing, to two significant digits. */
function missingRows(input: VerdictInput, margin: number): number {
  const replaced = metricOf(input.replaces, input.metric)
  const differences = metricOf(input.student, input.metric).map((score, row) => score - replaced[row])
  const missing = Math.max(rowsToSettle(differences, margin, input.looks), MINIMUM_ROWS) - differences.length
  return Math.max(1, Number(missing.toPrecision(2)))
}
