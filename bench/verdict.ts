/**
 * Are verdicts and intervals right as often as they say? Seeded synthetic arms (synthetic-arms.ts) with a student
 * exactly at the margin, many times over: how often "ship" is wrong, how often 95 % intervals hold the truth, and how
 * often a student that is truly as good gets its "ship". `npm run bench -- verdict`; fails when a bar does not hold.
 */
import { parseArgs } from 'node:util'
import type { Interval } from '../src/core/measure.ts'
import { createRandom } from '../src/core/random.ts'
import type { Random } from '../src/core/random.ts'
import { compareArms } from '../src/statistics/compare.ts'
import { meanInterval } from '../src/statistics/mean-interval.ts'
import { pairedDifference } from '../src/statistics/paired-bootstrap.ts'
import { decideVerdict } from '../src/statistics/verdict.ts'
import { wilsonInterval } from '../src/statistics/wilson-interval.ts'
import { answersOf, drawHardness, skillFor, truth } from './synthetic-arms.ts'
import type { Hardness, Skill, SyntheticArm } from './synthetic-arms.ts'

const marginPoints = 2
const margin = marginPoints / 100
const bars = { wrong: 0.05, coverage: 0.935 }

type Metric = 'score' | 'exactMatch'
/** Where the student loses: a field here and there, as the teacher does, or whole rows (answers that are not valid). */
type Losses = 'spread' | 'whole rows'

interface Cell {
  readonly losses: Losses
  readonly teacherScore: number
  readonly rows: number
}

/** Shares of a cell's experiments. */
export interface CellResult extends Cell {
  /** Student exactly at the margin, and the verdict is `ship`. */
  readonly wrongShip: number
  readonly wrongShipExact: number
  /** Cascade exactly at the margin, student beyond, and the verdict is `ship` or `ship_with_fallback`. */
  readonly wrongFallback: number
  /** Student truly as good, and the verdict is `do_not_ship`. */
  readonly wrongRefusal: number
  /** 95 % intervals that hold the truth: the teacher's exact rate (Wilson), the student's mean score, differences. */
  readonly rateCovered: number
  readonly meanCovered: number
  readonly pairedCovered: number
  readonly pairedExactCovered: number
  /** Student truly as good, and the verdict is `ship`. */
  readonly power: number
  readonly powerExact: number
}

/** What experiments give: all but the rate's interval, whose coverage needs no simulation. */
type Shares = Omit<CellResult, keyof Cell | 'rateCovered'>

interface Skills {
  readonly teacher: Skill
  readonly atMargin: Skill
  readonly atMarginExact: Skill
  /** Loses twice the margin, so that a cascade that asks it half the time is at the margin. */
  readonly atTwice: Skill
}

function skillsOf({ losses, teacherScore }: Cell): Skills {
  const teacher = skillFor(teacherScore, 'score')
  const below = (points: number, metric: Metric): Skill => {
    const whole = truth(teacher, metric)
    if (losses === 'whole rows') return { skill: teacher.skill, failing: points / whole }
    return skillFor(whole - points, metric)
  }
  return {
    teacher,
    atMargin: below(margin, 'score'),
    atMarginExact: below(margin, 'exactMatch'),
    atTwice: below(2 * margin, 'score'),
  }
}

/** One cell of the table: `experiments` draws of evaluation rows. */
export function simulateCell(cell: Cell, experiments: number, seed: number): CellResult {
  const random = createRandom(seed)
  const skills = skillsOf(cell)
  const sums = new Map<keyof Shares, number>()
  for (let experiment = 0; experiment < experiments; experiment++) {
    for (const [name, holds] of Object.entries(runOnce(cell, skills, random))) {
      sums.set(name as keyof Shares, (sums.get(name as keyof Shares) ?? 0) + (holds ? 1 : 0))
    }
  }
  const shares = Object.fromEntries([...sums].map(([name, sum]) => [name, sum / experiments]))
  const rateCovered = wilsonCoverage(truth(skills.teacher, 'exactMatch'), cell.rows)
  return { ...cell, rateCovered, ...(shares as unknown as Shares) }
}

function runOnce(cell: Cell, skills: Skills, random: Random): Record<keyof Shares, boolean> {
  const hardness = drawHardness(cell.rows, random)
  const teacher = answersOf('teacher', hardness, 0, skills.teacher)
  const equal = answersOf('student', hardness, 1, skills.teacher)
  const atMargin = answersOf('student', hardness, 1, skills.atMargin)
  const atMarginExact = answersOf('student', hardness, 1, skills.atMarginExact)
  const paired = compareArms(atMargin, teacher)
  const pairedExact = pairedDifference(atMarginExact.exact.map(Number), teacher.exact.map(Number))
  const ofEqual = verdictOf(equal, teacher, 'score')
  return {
    wrongShip: verdictOf(atMargin, teacher, 'score') === 'ship',
    wrongShipExact: verdictOf(atMarginExact, teacher, 'exactMatch') === 'ship',
    wrongFallback: shipsWithFallback(hardness, teacher, skills, random),
    wrongRefusal: ofEqual === 'do_not_ship',
    meanCovered: holds(meanInterval(atMargin.scores), cell.teacherScore - margin),
    pairedCovered: holds(paired.interval, -margin),
    pairedExactCovered: holds(pairedExact.interval, -margin),
    power: ofEqual === 'ship',
    powerExact: verdictOf(equal, teacher, 'exactMatch') === 'ship',
  }
}

function verdictOf(student: SyntheticArm, replaces: SyntheticArm, metric: Metric): string {
  return decideVerdict({ metric, marginPoints, replaces, student }).verdict
}

function shipsWithFallback(
  hardness: Hardness,
  teacher: SyntheticArm,
  skills: Skills,
  random: Random,
): boolean {
  const student = answersOf('student', hardness, 1, skills.atTwice)
  const asked = teacher.scores.map(() => random.next() < 0.5)
  const cascade = {
    name: 'cascade',
    scores: teacher.scores.map((score, row) => (asked[row] ? student.scores[row] : score)),
    exact: teacher.exact.map((exact, row) => (asked[row] ? student.exact[row] : exact)),
    threshold: 0.5,
    coverage: 0.5,
  }
  const { verdict } = decideVerdict({ metric: 'score', marginPoints, replaces: teacher, student, cascade })
  return verdict === 'ship' || verdict === 'ship_with_fallback'
}

function holds([low, high]: Interval, value: number): boolean {
  return low - 1e-9 <= value && value <= high + 1e-9
}

/** The exact chance that Wilson's interval holds `rate`: binomial probabilities of the counts for which it does. */
function wilsonCoverage(rate: number, rows: number): number {
  let logProbability = rows * Math.log(1 - rate)
  let covered = 0
  for (let successes = 0; successes <= rows; successes++) {
    if (successes > 0)
      logProbability += Math.log((rows - successes + 1) / successes) + Math.log(rate / (1 - rate))
    if (holds(wilsonInterval(successes, rows), rate)) covered += Math.exp(logProbability)
  }
  return covered
}

interface FewRows {
  readonly losses: Losses
  readonly score: number
  readonly covered: number
}

/** How often the mean's interval holds the truth on 20 rows: skewed scores, of which many samples are all 1. */
function simulateFewRows(experiments: number, seed: number): FewRows[] {
  const random = createRandom(seed)
  const results: FewRows[] = []
  for (const losses of ['spread', 'whole rows'] as const) {
    for (const score of [0.86, 0.92, 0.97, 0.99]) {
      const skill = losses === 'spread' ? skillFor(score, 'score') : { skill: 8, failing: 1 - score }
      let covered = 0
      for (let experiment = 0; experiment < experiments; experiment++) {
        const { scores } = answersOf('arm', drawHardness(20, random), 0, skill)
        if (holds(meanInterval(scores), score)) covered++
      }
      results.push({ losses, score, covered: covered / experiments })
    }
  }
  return results
}

/** The bars that a cell misses, in words. */
export function missedBars(result: CellResult): string[] {
  const wrong = ['wrongShip', 'wrongShipExact', 'wrongFallback', 'wrongRefusal'] as const
  const covered = ['rateCovered', 'meanCovered', 'pairedCovered', 'pairedExactCovered'] as const
  const where = `${result.losses}, teacher ${result.teacherScore}, ${result.rows} rows`
  return [
    ...wrong.filter((name) => result[name] > bars.wrong).map((name) => `${where}: ${name} ${result[name]}`),
    ...covered
      .filter((name) => result[name] < bars.coverage)
      .map((name) => `${where}: ${name} ${result[name]}`),
  ]
}

/** Prints the table on stderr and one JSON object on stdout. */
export async function benchVerdict(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { experiments: { type: 'string', default: '1000' }, seed: { type: 'string', default: '1' } },
  })
  const experiments = Number(values.experiments)
  const cells: CellResult[] = []
  process.stderr.write(heading)
  for (const losses of ['spread', 'whole rows'] as const) {
    for (const teacherScore of [0.88, 0.94, 0.99]) {
      for (const rows of [50, 100, 200, 500]) {
        const result = simulateCell(
          { losses, teacherScore, rows },
          experiments,
          Number(values.seed) * 1000 + cells.length,
        )
        cells.push(result)
        process.stderr.write(tableLine(result))
      }
    }
  }
  const fewRows = simulateFewRows(experiments, Number(values.seed))
  process.stderr.write(fewRowsLine(fewRows))
  const missed = [
    ...cells.flatMap(missedBars),
    ...fewRows
      .filter((mean) => mean.covered < bars.coverage)
      .map((mean) => `mean of 20 rows: ${mean.covered}`),
  ]
  if (missed.length > 0) process.exitCode = 1
  process.stdout.write(
    `${JSON.stringify({ marginPoints, experiments, bars, cells, fewRows, missed }, null, 2)}\n`,
  )
}

const columns = [
  ['wrongShip', 'wrong ship'],
  ['wrongShipExact', '(exact)'],
  ['wrongFallback', 'fallback'],
  ['wrongRefusal', 'refusal'],
  ['rateCovered', 'covered rate'],
  ['meanCovered', 'mean'],
  ['pairedCovered', 'paired'],
  ['pairedExactCovered', '(exact)'],
  ['power', 'ships equal'],
  ['powerExact', '(exact)'],
] as const

const heading = `Per cent of experiments; margin ${marginPoints} points.\nlosses      teacher  rows  ${columns.map(([, title]) => title).join('  ')}\n`

function tableLine(result: CellResult): string {
  const cell = `${result.losses.padEnd(12)}${(result.teacherScore * 100).toFixed(0).padStart(7)}${String(result.rows).padStart(6)}`
  const shares = columns.map(([name, title]) => (result[name] * 100).toFixed(1).padStart(title.length + 2))
  return `${cell}${shares.join('')}\n`
}

function fewRowsLine(results: readonly FewRows[]): string {
  const shares = results.map(
    ({ losses, score, covered }) => `${losses} ${score}: ${(covered * 100).toFixed(1)}`,
  )
  return `The mean of 20 rows, covered: ${shares.join(', ')}\n`
}
