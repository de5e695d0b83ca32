/** The sentences of the report: what to know before trusting a figure, what few rows are worth, what to try next. */
import type { Arm, Verdict, VerdictWord } from '../core/measure.ts'
import type { Session } from './session.ts'

export interface AdviceInputs {
  readonly session: Session
  readonly arms: readonly Arm[]
  readonly student: Arm
  readonly verdict: Verdict
  readonly trainingRows: number
  readonly failedGenerations: number
  /** Evaluation rows that were not asked, since evaluation stopped early. */
  readonly rowsLeft: number
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
          `Recorded answers: ${recorded.join(', ')} answered beforehand; the answers are data, read from a file. They have no latency, and their price, where a model is named for it, is what that model would have charged. Scores are computed from them as from any other model’s.`,
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
  const { session, arms } = inputs
  const { name } = session.config
  const { command } = session.options
  const use = [
    `Ask it: ${command} predict ${name} "..."`,
    session.config.student.kind === 'micro'
      ? `Take it along as one file: ${command} export ${name}`
      : `Take it along, for llama.cpp, Ollama, vLLM or transformers: ${command} export ${name} --format gguf-q8_0`,
  ]
  const live = arms.some((arm) => arm.role === 'teacher' && arm.source === 'recorded')
    ? [
        'Ask a live teacher instead of the recorded one: teacher: { model: openai/gpt-6-sol }, with OPENAI_API_KEY set.',
      ]
    : []
  return [...byVerdict[inputs.verdict.verdict](inputs, use), ...live]
}

const byVerdict: Readonly<Record<VerdictWord, (inputs: AdviceInputs, use: readonly string[]) => string[]>> = {
  ship: (_inputs, use) => [...use],
  ship_with_fallback: (inputs, use) => [
    `Let the student answer where its confidence is at least ${(inputs.verdict.threshold ?? 0).toFixed(3)}, and the teacher the rest.`,
    ...use,
    moreAnswers(inputs),
  ],
  not_enough_data: (inputs, use) => [moreEvaluationRows(inputs), moreAnswers(inputs), ...use],
  no_need: (_inputs, use) => [
    'Use the cheap model as it is, and come back when price or latency matter.',
    ...use,
  ],
  do_not_ship: (inputs, use) => [
    moreAnswers(inputs),
    'Look at the worst rows in the report: are they hard, or is the label guide unclear there?',
    ...use,
  ],
}

function moreEvaluationRows({ rowsLeft, verdict: { moreRows } }: AdviceInputs): string {
  if (rowsLeft > 0) {
    return `Have the ${rowsLeft} evaluation rows asked that are left: make evaluate.stopAtHalfWidthPoints smaller. The next run asks in the same order and pays for no answer twice.`
  }
  return moreRows === undefined
    ? 'Add evaluation rows with known answers.'
    : `Add about ${moreRows} evaluation rows with known answers: that would settle it.`
}

function moreAnswers({ session, student, trainingRows }: AdviceInputs): string {
  const weakest = [...student.fields].sort((a, b) => a.accuracy - b.accuracy)[0]
  const where =
    student.fields.length < 2
      ? ''
      : `, above all such that vary ${weakest.path}, the weakest field at ${(100 * weakest.accuracy).toFixed(1)} %`
  return `Have the teacher answer more inputs (data.unlabelled has ${session.rows.unlabelled.length}; ${trainingRows} rows were learned from)${where}.`
}
