/** How reliable each of several teachers is, by field and value: counted on rows that people labelled, or from their agreement. */
import { createAnswerParser } from '../core/answer.ts'
import { PotstillError } from '../core/errors.ts'
import type { StepEvent } from '../core/event.ts'
import { hashJson } from '../core/hash.ts'
import { valueAt, type Json } from '../core/json.ts'
import type { Row } from '../core/row.ts'
import {
  asFieldAnswer,
  combineVotes,
  measureReliability,
  type FieldAnswer,
  type Reliability,
} from '../statistics/combine-answers.ts'
import { classOfValue } from '../steps/generate/combine/by-field.ts'
import { generate } from '../steps/generate/generate.ts'
import type { OpenedMember } from './open-teacher.ts'
import { rowsToAsk } from './rows-to-ask.ts'
import type { Session } from './session.ts'

export type Reliabilities = Readonly<Record<string, Readonly<Record<string, Reliability>>>>

/** Agreement alone says who is right only where two can outvote a third. */
const leastTeachersForAgreement = 3

/** Asks every teacher the rows that it is judged by; the replies are in the call log for whoever asks again. */
export async function* teacherReliabilities(
  session: Session,
  members: readonly OpenedMember[],
): AsyncGenerator<StepEvent, Reliabilities> {
  const { labelled } = session.rows
  if (labelled.length === 0 && members.length < leastTeachersForAgreement) {
    throw new PotstillError(
      'CONFIG_INVALID',
      `${session.loaded.file}: teacher.combine is weighted, there are no labelled rows, and ${members.length} teachers: nothing tells which of them to believe`,
      { hint: 'Give data.labelled, a third teacher, or use another way of combining.' },
    )
  }
  const rows = labelled.length > 0 ? labelled : rowsToAsk(session).ask
  const basis = labelled.length > 0 ? `${rows.length} labelled rows` : `agreement on ${rows.length} rows`
  const step = yield* session.step<{ 'reliabilities.json': Reliabilities }>({
    step: 'generate',
    id: 'reliabilities',
    title: `how reliable each teacher is, by ${basis}`,
    inputs: {
      members: members.map(({ member, opened }) => [opened.identity, { ...member, model: member.model.id }]),
      task: session.task,
      rows: hashJson(rows.map((row) => [row.key, row.history ?? [], row.expected ?? null])),
    },
    async *work() {
      const answers: (Json | undefined)[][] = []
      for (const member of members) answers.push(yield* answersOf(session, member, rows))
      const known = labelled.length > 0 ? rows.map(({ expected }) => expected) : null
      const reliabilities = reliabilitiesOf(session, members, answers, known)
      return { artifacts: { 'reliabilities.json': reliabilities }, finished: summaryOf(reliabilities) }
    },
  })
  return step.artifacts['reliabilities.json']
}

async function* answersOf(
  session: Session,
  { member }: OpenedMember,
  rows: readonly Row[],
): AsyncGenerator<StepEvent, (Json | undefined)[]> {
  const { model, prompt, temperature, repeat } = member
  const asked = yield* generate(model, rows, {
    ...session.asking(model),
    settings: { prompt, repeat, ...(temperature === undefined ? {} : { temperature }) },
  })
  const parse = createAnswerParser(session.task)
  return asked.outcomes.map((outcome) => {
    const parsed = 'reply' in outcome ? parse(outcome.reply.content) : { invalid: outcome.fault }
    return 'value' in parsed ? parsed.value : undefined
  })
}

function reliabilitiesOf(
  { task }: Session,
  members: readonly OpenedMember[],
  answers: readonly (readonly (Json | undefined)[])[],
  known: readonly (Json | undefined)[] | null,
): Reliabilities {
  const byMember = members.map(({ member }, teacher) => {
    const byField = task.fields.map((field) => {
      const column = (values: readonly (Json | undefined)[]): FieldAnswer[] =>
        values.map((value) => (value === undefined ? null : asFieldAnswer(valueAt(value, field.segments))))
      const own = column(answers[teacher])
      const truth =
        known === null ? majorityOf(answers.map(column)) : column(known).map((value) => value ?? 'null')
      return [field.path, measureReliability(own, truth, classOfValue(field))] as const
    })
    return [member.name, Object.fromEntries(byField)] as const
  })
  return Object.fromEntries(byMember)
}

/** What most teachers say, row by row. */
function majorityOf(columns: readonly (readonly FieldAnswer[])[]): string[] {
  return columns[0].map((_, row) => combineVotes(columns.map((column) => column[row]))?.value ?? 'no answer')
}

function summaryOf(reliabilities: Reliabilities): string {
  return Object.entries(reliabilities)
    .map(([teacher, fields]) => {
      const rates = Object.values(fields).map(({ right, rows }) => (rows === 0 ? 0 : right / rows))
      const mean = rates.reduce((sum, rate) => sum + rate, 0) / Math.max(1, rates.length)
      return `${teacher} ${(100 * mean).toFixed(1)} %`
    })
    .join(', ')
}
