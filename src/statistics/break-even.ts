/** After how many calls a student has paid for its teacher's answers and its training. */

export interface BreakEvenInput {
  /** What the teacher's training answers cost; null when unknown. */
  readonly teacherUsd: number | null
  readonly trainingUsd: number
  /** Price of the arm that the student replaces, and of the student; null when unknown. */
  readonly replacedUsdPer1000: number | null
  readonly studentUsdPer1000: number | null
}

export interface BreakEven {
  /** Calls after which what was spent is saved; null when nothing is saved or a price is unknown. */
  readonly calls: number | null
  readonly text: string
}

/** Break-even calls = (teacher's calls + training) / saving per call, rounded up, with a sentence that shows the arithmetic. */
export function breakEven(input: BreakEvenInput): BreakEven {
  const { teacherUsd, trainingUsd, replacedUsdPer1000, studentUsdPer1000 } = input
  if (replacedUsdPer1000 === null || studentUsdPer1000 === null) {
    const whose = replacedUsdPer1000 === null ? 'model that it would replace' : 'student'
    return { calls: null, text: `Break-even is unknown: the ${whose} has no known price.` }
  }
  if (teacherUsd === null) {
    return { calls: null, text: "Break-even is unknown: the teacher's training answers have no known price." }
  }
  const saving = replacedUsdPer1000 - studentUsdPer1000
  const prices = `${usd(studentUsdPer1000)} instead of ${usd(replacedUsdPer1000)} per thousand calls`
  if (saving <= 0) return { calls: null, text: `It never pays for itself: the student costs ${prices}.` }
  const spent = teacherUsd + trainingUsd
  if (spent === 0)
    return { calls: 0, text: `It pays from the first call: ${prices}, and nothing was spent on it.` }
  // One part in 10^9 is rounding of the prices, not a further call.
  const calls = Math.ceil((spent / saving) * 1000 * (1 - 1e-9))
  const sum = `${usd(teacherUsd)} for the teacher's answers and ${usd(trainingUsd)} for training`
  return {
    calls,
    text: `It pays for itself after ${calls.toLocaleString('en-US')} calls: ${sum}, ${prices}.`,
  }
}

/** US dollars with cents, or with two significant digits below a cent. */
function usd(amount: number): string {
  const small = amount > 0 && amount < 0.1
  return `$${small ? Number(amount.toPrecision(2)).toLocaleString('en-US', { maximumFractionDigits: 12 }) : amount.toFixed(2)}`
}
