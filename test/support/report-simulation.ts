/** Six arms of an invented help desk, simulated on 200 rows, so that the figures of the fixture agree with each other. */
import type { TrainProgress } from '../../src/core/event.ts'
import type { Arm, ArmRole, Comparison, FieldScore, Interval } from '../../src/core/measure.ts'
import { createRandom } from '../../src/core/random.ts'
import type { CoveragePoint, FieldDetail } from '../../src/core/report-data.ts'
import type { OutputField } from '../../src/core/task.ts'

export const rowCount = 200
const random = createRandom(11)

export const values: Readonly<Record<string, readonly string[]>> = {
  intent: [
    'access_problem',
    'billing_charge',
    'cancel_account',
    'data_loss_report',
    'feature_request',
    'how_to',
    'install_update',
    'invoice_request',
    'outage_report',
    'performance',
    'plan_change',
    'restore_data',
    'security_incident',
    'sync_failure',
  ],
  product: ['sync', 'backup', 'sign', 'admin', 'billing', 'api'],
  urgency: ['low', 'normal', 'high', 'critical'],
  sentiment: ['negative', 'neutral', 'positive'],
}

function field(path: string, kind: OutputField['kind'], nullable = false): OutputField {
  const shared = { path, segments: [path], kind, nullable, optional: false, quoted: path === 'reference' }
  return values[path] === undefined ? shared : { ...shared, values: values[path] }
}

export const fields = [
  field('intent', 'enum'),
  field('product', 'enum'),
  field('urgency', 'enum'),
  field('sentiment', 'enum'),
  field('needs_human', 'boolean'),
  field('reference', 'string', true),
]

interface ArmPlan {
  readonly name: string
  readonly role: ArmRole
  readonly model: string
  readonly source: Arm['source']
  /** Chance of a right answer, by field. */
  readonly accuracy: readonly number[]
  readonly price: number
  readonly priceBasis: string
  readonly latency: readonly [number, number] | null
}

export const asIf = 'as if answered by openai/gpt-6-sol'
const processor = 'processor time at $0.04 per core and hour'
const plans: readonly ArmPlan[] = [
  plan(
    'teacher',
    'teacher',
    'recorded/with-guide',
    'recorded',
    [0.985, 0.99, 0.97, 0.985, 0.995, 1],
    6.214,
    asIf,
  ),
  plan(
    'teacher-without-guide',
    'reference',
    'recorded/without-guide',
    'recorded',
    [0.93, 0.975, 0.7, 0.955, 0.86, 0.985],
    1.873,
    asIf,
  ),
  plan(
    'most-frequent',
    'floor',
    'baseline/most-frequent',
    'baseline',
    [0.09, 0.28, 0.44, 0.52, 0.74, 0.7],
    0,
    'nothing to compute',
    [0.0004, 0.0009],
  ),
  plan(
    'student-before',
    'before',
    'student/support-desk@1',
    'student',
    [0.37, 0.61, 0.54, 0.63, 0.79, 0.86],
    0.0021,
    processor,
    [0.181, 0.42],
  ),
  plan(
    'student-after',
    'after',
    'student/support-desk@2',
    'student',
    [0.87, 0.955, 0.885, 0.935, 0.965, 0.975],
    0.0023,
    processor,
    [0.212, 0.517],
  ),
]

function plan(
  name: string,
  role: ArmRole,
  model: string,
  source: Arm['source'],
  accuracy: readonly number[],
  price: number,
  priceBasis: string,
  latency: readonly [number, number] | null = null,
): ArmPlan {
  return { name, role, model, source, accuracy, price, priceBasis, latency }
}

/** Right or wrong, by row and field; a hard row is hard for every arm. */
const difficulty = Array.from({ length: rowCount }, () => random.next())
const outcomes = new Map(plans.map((arm) => [arm.name, simulate(arm)]))
const confidences = difficulty.map((hard) =>
  Math.min(0.999, Math.max(0.05, 1 - hard * 0.4 - random.next() * 0.45)),
)
export const threshold = 0.62

function simulate(arm: ArmPlan): readonly (readonly boolean[])[] {
  return difficulty.map((hard) =>
    arm.accuracy.map((accuracy) => 0.5 * hard + 0.5 * random.next() < inverseMix(accuracy)),
  )
}

/** The bound that a mean of two uniform numbers stays below with this probability. */
function inverseMix(probability: number): number {
  return probability < 0.5 ? Math.sqrt(probability / 2) : 1 - Math.sqrt((1 - probability) / 2)
}

outcomes.set(
  'student-with-teacher',
  difficulty.map((_, row) => outcomes.get(confidences[row] >= threshold ? 'student-after' : 'teacher')![row]),
)

function wilson(share: number, rows: number): Interval {
  const z2 = 3.8416 / rows
  const half = 1.96 * Math.sqrt((share * (1 - share)) / rows + z2 / (4 * rows))
  return [(share + z2 / 2 - half) / (1 + z2), Math.min(1, (share + z2 / 2 + half) / (1 + z2))]
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length
}

function normal(numbers: readonly number[]): Interval {
  const centre = mean(numbers)
  const half = 1.96 * Math.sqrt(mean(numbers.map((value) => (value - centre) ** 2)) / numbers.length)
  return [centre - half, Math.min(1, centre + half)]
}

function scoresOf(name: string): readonly number[] {
  return outcomes.get(name)!.map((row) => mean(row.map(Number)))
}

function exactOf(name: string): readonly boolean[] {
  return outcomes.get(name)!.map((row) => row.every(Boolean))
}

function armOf(arm: Omit<ArmPlan, 'accuracy'>): Arm {
  const rows = outcomes.get(arm.name)!
  const exact = mean(exactOf(arm.name).map(Number))
  return {
    name: arm.name,
    role: arm.role,
    model: arm.model,
    source: arm.source,
    rows: rowCount,
    score: mean(scoresOf(arm.name)),
    interval: normal(scoresOf(arm.name)),
    exactMatch: exact,
    exactMatchInterval: wilson(exact, rowCount),
    fields: fields.map((item, index) =>
      fieldScore(
        item,
        rows.map((row) => row[index]),
      ),
    ),
    graders: [],
    valid: 1,
    failed: 0,
    priceUsdPer1000: arm.price,
    priceBasis: arm.priceBasis,
    latencyP50Ms: arm.latency?.[0] ?? null,
    latencyP95Ms: arm.latency?.[1] ?? null,
    expectedCalibrationError: arm.role === 'after' ? 0.041 : null,
  }
}

function fieldScore(item: OutputField, right: readonly boolean[]): FieldScore {
  const accuracy = mean(right.map(Number))
  const score = { path: item.path, accuracy, interval: wilson(accuracy, rowCount) }
  if (!item.nullable) return score
  const present = right.filter((_, row) => row % 10 < 3)
  const share = Math.max(0, mean(present.map(Number)) - 0.03)
  return {
    ...score,
    whenPresent: { rows: present.length, accuracy: share, interval: wilson(share, present.length) },
  }
}

export function compare(first: string, second: string): Comparison {
  const theirs = scoresOf(second)
  const differences = scoresOf(first).map((score, row) => score - theirs[row])
  const otherExact = exactOf(second)
  const wins = exactOf(first).filter((right, row) => right && !otherExact[row]).length
  const losses = otherExact.filter((right, row) => right && !exactOf(first)[row]).length
  const clear = Math.abs(wins - losses) / Math.sqrt(wins + losses || 1)
  return {
    first,
    second,
    difference: mean(differences),
    interval: normal(differences),
    wins,
    losses,
    pValue: clear > 3.3 ? 0.0004 : clear > 1.96 ? 0.031 : 0.42,
  }
}

export function detailOf(path: string, index: number): FieldDetail {
  const names = (values[path] ?? ['false', 'true']).map((value) =>
    values[path] === undefined ? value : JSON.stringify(value),
  )
  const counts = names.map(() => names.map(() => 0))
  outcomes.get('student-after')!.forEach((row) => {
    const expected = Math.floor(random.next() ** 1.4 * names.length)
    const answered = row[index]
      ? expected
      : (expected + 1 + random.below(Math.min(3, names.length - 1))) % names.length
    counts[expected][answered]++
  })
  const classes = names.map((value, i) => {
    const rows = counts[i].reduce((sum, count) => sum + count, 0)
    const answered = counts.reduce((sum, line) => sum + line[i], 0)
    const recall = rows === 0 ? null : counts[i][i] / rows
    const precision = answered === 0 ? null : counts[i][i] / answered
    const f1 =
      recall === null || precision === null || recall + precision === 0
        ? null
        : (2 * recall * precision) / (recall + precision)
    return { value, rows, precision, recall, f1 }
  })
  return { path, classes, confusion: { values: names, counts } }
}

export function coveragePoints(): readonly CoveragePoint[] {
  const student = scoresOf('student-after')
  const teacher = scoresOf('teacher')
  const order = confidences.map((_, row) => row).toSorted((a, b) => confidences[b] - confidences[a])
  return Array.from({ length: 41 }, (_, step) => {
    const kept = Math.round((step / 40) * rowCount)
    const own = order.slice(0, kept).map((row) => student[row])
    const rest = order.slice(kept).map((row) => teacher[row])
    return {
      threshold: kept === 0 ? 1 : confidences[order[kept - 1]],
      coverage: kept / rowCount,
      studentScore: kept === 0 ? 1 : mean(own),
      cascadeScore: mean([...own, ...rest]),
    }
  })
}

/** The highest coverage at which both together scored no less than the teacher alone. */
export function losslessCoverage(): number {
  const teacher = mean(scoresOf('teacher'))
  return Math.max(
    ...coveragePoints()
      .filter((point) => point.cascadeScore >= teacher - 1e-9)
      .map((point) => point.coverage),
  )
}

export function curveOf(
  part: string,
  epochs: number,
  best: number,
  start: number,
  floor: number,
): readonly TrainProgress[] {
  return Array.from({ length: epochs }, (_, index) => {
    const epoch = index + 1
    const late = Math.max(0, epoch - best)
    return {
      type: 'train' as const,
      part,
      epoch,
      epochs,
      trainLoss: floor * 0.25 + start * Math.exp(-epoch / 3.2),
      validationLoss: floor + start * Math.exp(-epoch / 2.6) + late * 0.012,
      validationAccuracy: 0.93 - 0.6 * Math.exp(-epoch / 2.4),
      best: epoch <= best,
    }
  })
}

export const arms: readonly Arm[] = [
  ...plans.map(armOf),
  armOf({
    name: 'student-with-teacher',
    role: 'cascade',
    model: 'student/support-desk@2, then recorded/with-guide',
    source: 'cascade',
    price: 2.11,
    priceBasis:
      'processor time for every call, and the teacher as if answered by openai/gpt-6-sol for 34 % of them',
    latency: null,
  }),
]
