/** Measures one arm on the evaluation rows, as a step of the run. */
import type { OpenedModel } from '../catalog.ts'
import type { StepEvent } from '../core/event.ts'
import { hashJson } from '../core/hash.ts'
import type { Arm, ArmRole, JudgedAnswer } from '../core/measure.ts'
import type { RequestSettings } from '../core/request.ts'
import type { Row } from '../core/row.ts'
import { evaluateArm } from '../steps/evaluate/evaluate-arm.ts'
import { createGraders } from '../steps/evaluate/graders/registry.ts'
import type { Judge } from '../steps/evaluate/judge.ts'
import { summariseArm } from '../steps/evaluate/summarise-arm.ts'
import { knownWithin, looksOf, stopRule } from './early-stop.ts'
import { graderTools } from './grader-tools.ts'
import type { Session } from './session.ts'

export interface MeasuredArm {
  readonly arm: Arm
  /** In the order of the rows. */
  readonly answers: readonly JudgedAnswer[]
}

export interface ArmToMeasure {
  readonly name: string
  readonly role: ArmRole
  readonly opened: OpenedModel
  readonly settings: RequestSettings
  /** The half-width of its score, in points, at which no further row is asked. */
  readonly stopAtPoints?: number | null
}

export async function* measure(
  session: Session,
  rows: readonly Row[],
  { name, role, opened, settings, stopAtPoints = null }: ArmToMeasure,
): AsyncGenerator<StepEvent, MeasuredArm> {
  const { config, task } = session
  const { model, priceBasis } = opened
  const label = `${name} (${model.id}${model.source === 'recorded' ? ', recorded answers' : ''})`
  const step = yield* session.step<{ 'answers.jsonl': readonly JudgedAnswer[]; 'arm.json': Arm }>({
    step: 'evaluate',
    id: `evaluate/${name}`,
    title: stopAtPoints === null ? label : `${label}, until its score is ${knownWithin(stopAtPoints)}`,
    inputs: {
      model: opened.identity,
      role,
      settings,
      task,
      evaluate: config.evaluate,
      prices: [config.prices, config.machine],
      rows: hashJson(rows.map((row) => [row.key, row.history ?? [], row.expected ?? null])),
    },
    async *work() {
      const judge = judgeOf(session)
      const answers = yield* evaluateArm({ name, role, model, settings }, rows, {
        judge,
        ...(stopAtPoints === null ? {} : { stop: stopRule(stopAtPoints) }),
        ...session.asking(model),
      })
      const arm = summariseArm(
        { name, role, model: model.id, source: model.source, priceBasis },
        answers,
        rows,
        task,
        looksOf(session),
      )
      const of = arm.rows < rows.length ? ` of ${rows.length}` : ''
      return {
        artifacts: { 'answers.jsonl': answers, 'arm.json': arm },
        finished: `${(100 * arm.score).toFixed(1)} %, ${arm.rows}${of} rows${arm.failed > 0 ? `, ${arm.failed} failed` : ''}`,
        incomplete: (model.source === 'provider' && arm.failed > 0) || judgesFailed(judge, arm),
      }
    },
  })
  return { arm: step.artifacts['arm.json'], answers: step.artifacts['answers.jsonl'] }
}

/** What the call log has of their judgements costs nothing when they are asked again. */
function judgesFailed({ graders }: Judge, arm: Arm): boolean {
  return arm.graders.some(
    ({ name, errors }) =>
      errors > 0 && graders.some((grader) => grader.name === name && grader.waits === true),
  )
}

function judgeOf(session: Session): Judge {
  const { task, parse, config } = session
  const graders = createGraders(config.evaluate.graders, { task, parse, tools: () => graderTools(session) })
  const score =
    config.evaluate.score === 'graders' || (task.output.kind === 'text' && graders.length > 0)
      ? 'graders'
      : 'fields'
  return { task, parse, graders, score }
}
