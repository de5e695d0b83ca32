/** One record of an imported file, whatever its shape, to a row; what cannot be one says why. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts'
import { readConversation, textOf } from '../conversation.ts'
import { dataFault, show, showKeys, type Place } from '../fault.ts'
import { createAnswerGuesser } from '../find-answer.ts'
import type { RawRecord } from '../raw-record.ts'
import type { ColumnKind } from '../typed-cell.ts'
import { findFields, type FieldNames } from './find-fields.ts'
import type { ImportedRow, ImportKind } from './imported-row.ts'

export interface RecogniseOptions extends FieldNames {
  /** Graders of the evals that were found: their references say which field is the expected answer. */
  readonly criteria: readonly Json[]
  /** What the columns of a CSV file hold. */
  readonly columns: ReadonlyMap<string, ColumnKind>
}

/** @throws DATA_INVALID with the reason for which a record is left out. */
export function recognise(record: RawRecord, options: RecogniseOptions, place: Place): ImportedRow {
  const { value } = record
  if (completionOf(value) !== undefined) return readCompletion(value, place)
  if (isJsonObject(value.input) && preferredOf(value) !== undefined) return readPreference(value, place)
  if (isJsonObject(value.datasource_item)) {
    return readItem('eval output item', value.datasource_item, value.sample, options, place)
  }
  if (isJsonObject(value.item)) return readItem('eval item', value.item, value.sample, options, place)
  if (Array.isArray(value.messages)) return readExample(value, place)
  if (Array.isArray(value.input) && value.ideal !== undefined) {
    return readItem('eval item', value, undefined, options, place)
  }
  return readRow(record, options, place)
}

/** The chat completion in a record: the record itself, or the response of a logged call or of a batch. */
function completionOf(value: JsonObject): JsonObject | undefined {
  const response = isJsonObject(value.response) ? value.response : undefined
  return [value, response, response?.body].filter(isJsonObject).find(({ choices }) => Array.isArray(choices))
}

function readCompletion(value: JsonObject, place: Place): ImportedRow {
  const completion = completionOf(value) as JsonObject
  const request = [value.request, value.body, value].find(isJsonObject) as JsonObject
  const inner = isJsonObject(request.body) ? request.body : request
  const messages = [inner.messages, value.messages, value.input].find((list) => Array.isArray(list))
  if (messages === undefined) {
    const hint = 'potstill import openai fetches the messages with each completion.'
    throw dataFault(place, 'a completion without the messages that it answers', hint)
  }
  const choice = (completion.choices as readonly Json[])[0]
  const message = isJsonObject(choice) && isJsonObject(choice.message) ? choice.message : {}
  refuseTools(message, place)
  if (typeof message.refusal === 'string' && message.refusal !== '') {
    throw dataFault(place, 'a refusal', 'Refusals teach nothing.')
  }
  if (isJsonObject(choice) && choice.finish_reason === 'length') {
    throw dataFault(place, 'an answer that was cut short', 'It ends in the middle.')
  }
  // An export may hold the answer among the messages as well.
  const asked = [...(messages as readonly Json[])]
  while (isJsonObject(asked.at(-1)) && (asked.at(-1) as JsonObject).role === 'assistant') asked.pop()
  const schema = schemaOf(inner.response_format ?? value.response_format)
  return {
    kind: 'stored completion',
    place,
    ...idOf(completion),
    ...readQuestion(asked, place),
    answer: textOf(message.content, 'choices[0].message.content', place),
    answeredBy: typeof completion.model === 'string' ? completion.model : 'unknown',
    ...(schema === undefined ? {} : { schema }),
  }
}

function schemaOf(format: Json | undefined): JsonObject | undefined {
  const inner = isJsonObject(format) && isJsonObject(format.json_schema) ? format.json_schema : undefined
  return isJsonObject(inner?.schema) ? inner.schema : undefined
}

function preferredOf(value: JsonObject): Json | undefined {
  return value.preferred_output ?? value.preferred_completion
}

function readPreference(value: JsonObject, place: Place): ImportedRow {
  const preferred = preferredOf(value)
  const last = Array.isArray(preferred) ? (preferred.at(-1) as Json | undefined) : undefined
  if (!isJsonObject(last)) {
    throw dataFault(place, 'a preference pair without a preferred message', 'See OpenAI’s preference files.')
  }
  refuseTools(last, place)
  return {
    kind: 'preference pair',
    place,
    ...readQuestion((value.input as JsonObject).messages, place),
    answer: textOf(last.content, 'preferred_output.content', place),
  }
}

function readExample(value: JsonObject, place: Place): ImportedRow {
  const messages = value.messages as readonly Json[]
  for (const message of messages) if (isJsonObject(message)) refuseTools(message, place)
  const { history, input, answer } = readConversation(messages, place)
  return {
    kind: 'fine-tuning example',
    place,
    ...idOf(value),
    system: systemOf(messages, place),
    history,
    input,
    ...(answer === undefined ? {} : { answer }),
  }
}

/** An eval's item with what a model answered: the item's own expected answer counts for more. */
function readItem(
  kind: ImportKind,
  item: JsonObject,
  sample: Json | undefined,
  options: RecogniseOptions,
  place: Place,
): ImportedRow {
  const fields = findFields(item, options, options.criteria)
  if (fields === null) throw unclear(item, place)
  const question = item[fields.input]
  const expected = fields.answer === undefined ? undefined : ideal(item[fields.answer])
  const output = sampleText(sample)
  return {
    kind,
    place,
    ...idOf(item),
    ...readQuestion(question, place),
    ...(expected !== undefined
      ? { answer: expected }
      : output === undefined
        ? {}
        : { answer: output, answeredBy: modelOf(sample) }),
  }
}

/** Several answers that would do: the first of them. */
function ideal(value: Json): Json {
  return Array.isArray(value) && value.length > 0 && value.every((one: Json) => typeof one === 'string')
    ? value[0]
    : value
}

function sampleText(sample: Json | undefined): string | undefined {
  if (!isJsonObject(sample)) return undefined
  if (typeof sample.output_text === 'string') return sample.output_text
  const list = [sample.output, sample.choices].find((each) => Array.isArray(each)) as
    | readonly Json[]
    | undefined
  const last = list?.at(-1)
  const message = isJsonObject(last) && isJsonObject(last.message) ? last.message : last
  return isJsonObject(message) && typeof message.content === 'string' ? message.content : undefined
}

function modelOf(sample: Json | undefined): string {
  return isJsonObject(sample) && typeof sample.model === 'string' ? sample.model : 'unknown'
}

/** A row of a data set: the answer under one key, or one key or column a field. */
function readRow(record: RawRecord, options: RecogniseOptions, place: Place): ImportedRow {
  const { value } = record
  const fields = findFields(value, options, options.criteria)
  if (fields === null) throw unclear(value, place)
  const { input, answer } = fields
  const found =
    answer !== undefined
      ? createAnswerGuesser(options.columns, false).read(value[answer], place)
      : createAnswerGuesser(options.columns, true).find(
          record,
          new Set(['id', 'group', 'conversation', input]),
          place,
        )
  const empty = found === undefined || found === null || found === '' || isEmptyObject(found)
  return {
    kind: 'row',
    place,
    ...idOf(value),
    ...readQuestion(value[input], place),
    ...(empty ? {} : { answer: found }),
  }
}

/** A text, or a list of messages. */
function readQuestion(question: Json, place: Place): Pick<ImportedRow, 'system' | 'history' | 'input'> {
  if (typeof question === 'string') {
    if (question.trim() === '') throw dataFault(place, 'an empty input', 'There is nothing to answer.')
    return { system: null, history: [], input: question }
  }
  if (!Array.isArray(question)) {
    throw dataFault(place, `an input that is no text, ${show(question)}`, 'Name another field with --input.')
  }
  for (const message of question as readonly Json[]) if (isJsonObject(message)) refuseTools(message, place)
  const { history, input } = readConversation(question, place)
  return { system: systemOf(question as readonly Json[], place), history, input }
}

function systemOf(messages: readonly Json[], place: Place): string | null {
  const texts = messages
    .filter(isJsonObject)
    .filter(({ role }) => role === 'system' || role === 'developer')
    .map(({ content }) => textOf(content, 'the system message', place))
  return texts.length === 0 ? null : texts.join('\n\n')
}

function refuseTools(message: JsonObject, place: Place): void {
  const calls = [message.tool_calls, message.function_call].some(
    (call) => call !== undefined && call !== null,
  )
  if (calls || message.role === 'tool' || message.role === 'function') {
    throw dataFault(place, 'tool calls', 'Only text is read.')
  }
}

function idOf({ id }: JsonObject): { readonly id?: string } {
  return typeof id === 'string' || typeof id === 'number' ? { id: String(id) } : {}
}

function isEmptyObject(value: Json): boolean {
  return isJsonObject(value) && Object.keys(value).length === 0
}

function unclear(item: JsonObject, place: Place): Error {
  const fields = showKeys(Object.keys(item))
  return dataFault(place, `the input cannot be told among the fields ${fields}`, 'Name it with --input.')
}
