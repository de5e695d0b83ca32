/** The sentences of the report: what to know before trusting a figure, what few rows are worth, what to try next. */
import type { Arm, Verdict } from '../core/measure.ts'
import type { Session } from './session.ts'

export interface AdviceInputs {
  readonly session: Session
  readonly arms: readonly Arm[]
  readonly student: Arm
  readonly verdict: Verdict
  readonly trainingRows: number
  readonly failedGenerations: number
}

const fewEvaluationRows = 100
const fewTrainingRows = 100

export function warningsOf({ session, arms, failedGenerations }: AdviceInputs): string[] {
  const rows = arms[0]?.rows ?? 0
  const recorded = arms.filter((arm) => arm.source === 'recorded').map((arm) => arm.name)
  const failed = arms.filter((arm) => arm.failed > 0)
  return [
    ...(recorded.length > 0
      ? [
          `Recorded answers: ${recorded.join(', ')} answered beforehand; the answers are data, read from a file. They have no latency, and their price is what the named model would have charged. Scores are computed from them as from any other model’s.`,
        ]
      : []),
    ...(rows < fewEvaluationRows
      ? [`Only ${rows} evaluation rows: the intervals are wide, and small differences cannot be seen.`]
      : []),
    ...failed.map(
      (arm) => `${arm.name}: ${arm.failed} of ${arm.rows} calls failed; they count as wrong answers.`,
    ),
    ...(failedGenerations > 0
      ? [
          `${failedGenerations} unlabelled rows got no answer from the teacher; run again to ask for them once more.`,
        ]
      : []),
    ...(session.task.output.kind === 'text' && session.config.evaluate.graders.length === 0
      ? [
          'The answers are free text and no grader is configured: a row is right only when it equals the expected text.',
        ]
      : []),
  ]
}

/** What so many training rows are worth, in one sentence; null from some hundred rows on. */
export function worthOf(trainingRows: number): string | null {
  if (trainingRows >= fewTrainingRows) return null
  return `${trainingRows} training rows are enough to train and to see the workflow, not to rely on: with so few, another draw of rows could move every figure by many points. More answers from the teacher help most.`
}

export function nextSteps(inputs: AdviceInputs): string[] {
  const { session, verdict, student, trainingRows } = inputs
  const model = session.config.name
  const weakest = [...student.fields].sort((a, b) => a.accuracy - b.accuracy)[0]
  const use = [
    `Ask it: potstill predict ${model} "..."`,
    `Take it along as one file: potstill export ${model}`,
  ]
  const more = `Have the teacher answer more inputs (data.unlabelled, now ${session.rows.unlabelled.length} rows; ${trainingRows} were learned from)${weakest === undefined || student.fields.length < 2 ? '' : `, above all such that vary ${weakest.path}, the weakest field at ${(100 * weakest.accuracy).toFixed(1)} %`}.`
  const live = inputs.arms.some((arm) => arm.source === 'recorded')
    ? [
        'Ask a live teacher instead of the recorded one: teacher: { model: openai/gpt-6-sol } and OPENAI_API_KEY.',
      ]
    : []
  switch (verdict.verdict) {
    case 'ship':
      return [...use, ...live]
    case 'ship_with_fallback':
      return [
        `Let the student answer where its confidence is at least ${(verdict.threshold ?? 0).toFixed(3)}, and the teacher the rest.`,
        ...use,
        more,
        ...live,
      ]
    case 'not_enough_data':
      return [
        ...(verdict.moreRows === undefined
          ? ['Add evaluation rows with known answers.']
          : [`Add about ${verdict.moreRows} evaluation rows with known answers: that would settle it.`]),
        more,
        ...use,
        ...live,
      ]
    case 'no_need':
      return ['Use the cheap model as it is, and come back when price or latency matter.', ...use]
    case 'do_not_ship':
      return [
        more,
        'Look at the worst rows in the report: are they hard, or is the label guide unclear there?',
        ...use,
        ...live,
      ]
  }
}
