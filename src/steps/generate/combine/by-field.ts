/** Puts one answer together field by field: by vote, or weighted by how reliable each teacher has proved to be. */
import { renderAnswer } from '../../../core/answer.ts'
import { isJsonObject, valueAt, type Json } from '../../../core/json.ts'
import type { ValueDistribution } from '../../../core/row.ts'
import type { OutputField } from '../../../core/task.ts'
import {
  asFieldAnswer,
  combineVotes,
  combineWeighted,
  type Combination,
  type FieldAnswer,
  type Reliability,
} from '../../../statistics/combine-answers.ts'
import { asItIs, validDrafts, type Combiner } from './draft.ts'

type CombineField = (
  field: OutputField,
  answers: readonly FieldAnswer[],
  teachers: readonly string[],
) => Combination | null

export const vote: Combiner = byField((_field, answers) => combineVotes(answers))

export const weighted: Combiner = (drafts, context, ...rest) => {
  const { reliabilities = {} } = context
  const combineField: CombineField = (field, answers, teachers) =>
    combineWeighted(
      answers,
      teachers.map((teacher) => reliabilities[teacher]?.[field.path] ?? unknown),
      classOfValue(field),
      countOfValues(field),
    )
  return byField(combineField)(drafts, context, ...rest)
}

const unknown: Reliability = { right: 0, rows: 0, byValue: {} }

/** A quoted text can be any; its own reliability would be that of a row. */
const manyValues = 20

/** What reliabilities are counted by: each value of a closed field, all values of an open one as one, null apart. */
export function classOfValue(field: OutputField): (value: string) => string {
  const closed = field.kind === 'enum' || field.kind === 'boolean'
  return (value) => (closed || value === 'null' ? value : 'a value')
}

function countOfValues(field: OutputField): number {
  const count =
    field.kind === 'boolean' ? 2 : field.kind === 'enum' ? (field.values?.length ?? 2) : manyValues
  return count + (field.nullable ? 1 : 0)
}

function byField(combineField: CombineField): Combiner {
  // eslint-disable-next-line typescript/require-await -- one shape for all ways of combining
  return async (drafts, { task, parse }) => {
    const valid = validDrafts(drafts)
    if (valid.length === 0) return asItIs(drafts[0])
    const teachers = valid.map(({ draft }) => draft.teacher)
    const soft: Record<string, ValueDistribution> = {}
    let value: Json = valid[0].value
    for (const field of task.fields) {
      const answers = valid.map((draft) => asFieldAnswer(valueAt(draft.value, field.segments)))
      const combination = combineField(field, answers, teachers)
      if (combination === null) continue
      soft[field.path] = combination.distribution
      // Taken from the draft that said it, so that an absent key stays absent.
      const source = valid[answers.indexOf(combination.value)].value
      value = withValueAt(value, field.segments, valueAt(source, field.segments))
    }
    const content = renderAnswer(task, value)
    // Fields that depend on one another may not go together: then the first whole answer stands.
    if ('invalid' in parse(content)) return asItIs(valid[0].draft)
    return { content, finishReason: 'stop', soft }
  }
}

function withValueAt(value: Json, segments: readonly string[], part: Json | undefined): Json {
  const [first, ...rest] = segments
  if (first === undefined) return part ?? null
  const object = isJsonObject(value) ? value : {}
  if (rest.length === 0 && part === undefined) {
    return Object.fromEntries(Object.entries(object).filter(([key]) => key !== first))
  }
  return { ...object, [first]: withValueAt(object[first] ?? {}, rest, part) }
}
