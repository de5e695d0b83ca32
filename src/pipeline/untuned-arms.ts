/** Measures the open model that the student adapts, as it is: held to the task's shape, left to itself, and shown examples. */
import { localPrefix } from '../catalog.ts'
import { renderAnswer } from '../core/answer.ts'
import type { Message } from '../core/chat-model.ts'
import type { StepEvent } from '../core/event.ts'
import { createRandom } from '../core/random.ts'
import type { RequestSettings } from '../core/request.ts'
import type { Example, Row } from '../core/row.ts'
import { measure, type MeasuredArm } from './measure-arm.ts'
import type { Session } from './session.ts'

/** The open model as it is, with the student's prompt: held to the task's shape, and left to itself. */
export async function* measureUntuned(
  session: Session,
  rows: readonly Row[],
): AsyncGenerator<StepEvent, MeasuredArm[]> {
  const { base } = session.config.student
  if (base === undefined) return []
  const opened = await session.open(`${localPrefix}${base}`)
  const settings = untunedSettings(session)
  const arms = [
    yield* measure(session, rows, { name: 'untuned', role: 'before', opened, settings }),
    ...(session.task.output.kind === 'text'
      ? []
      : [
          yield* measure(session, rows, {
            name: 'untuned-unconstrained',
            role: 'reference',
            opened,
            settings: { ...settings, unconstrained: true },
          }),
        ]),
  ]
  await opened.model.close?.()
  return arms
}

/** The same with a few training rows shown in the prompt: what prompting alone would do. */
export async function* measureWithExamples(
  session: Session,
  rows: readonly Row[],
  examples: readonly Example[],
): AsyncGenerator<StepEvent, MeasuredArm[]> {
  const { base } = session.config.student
  // A run whose training was ended early goes on to its report; the next one measures this.
  if (base === undefined || session.signal.aborted) return []
  const opened = await session.open(`${localPrefix}${base}`)
  const settings = { ...untunedSettings(session), shots: shotsOf(session, examples) }
  const arm = yield* measure(session, rows, {
    name: 'untuned-with-examples',
    role: 'reference',
    opened,
    settings,
  })
  await opened.model.close?.()
  return [arm]
}

const shotCount = 3

/** People's rows where there are any, else the teacher's; drawn by the run's seed. */
function shotsOf(session: Session, examples: readonly Example[]): Message[] {
  const labelled = examples.filter(({ origin }) => origin === 'labelled')
  const drawn = createRandom(session.seed).shuffle([...(labelled.length >= shotCount ? labelled : examples)])
  return drawn.slice(0, shotCount).flatMap(({ row, output }) => [
    { role: 'user' as const, content: row.input },
    { role: 'assistant' as const, content: renderAnswer(session.task, output) },
  ])
}

/** Room for an answer where no labelled row shows one, in tokens. */
const unknownAnswerTokens = 256

/** An untuned model may not find an end: it is given as many tokens as the longest labelled answer has characters. */
function untunedSettings(session: Session): RequestSettings {
  const lengths = session.labelledExamples().map(({ output }) => renderAnswer(session.task, output).length)
  const maxTokens = lengths.length === 0 ? unknownAnswerTokens : Math.max(64, ...lengths)
  return { prompt: session.task.prompt, temperature: 0, maxTokens }
}
