import { describe, expect, it } from 'vitest'
import { createAnswerParser, renderAnswer } from './answer.ts'
import type { JsonObject } from './json.ts'
import type { Task, TaskOutput } from './task.ts'

function taskOf(output: TaskOutput): Task {
  return { name: 'test', input: 'input', prompt: '', output, fields: [] }
}

function jsonTask(schema: JsonObject): Task {
  return taskOf({ kind: 'json', schema })
}

const desk = jsonTask({
  type: 'object',
  properties: { intent: { enum: ['a', 'b'] }, quote: { type: ['string', 'null'], 'x-quoted': true } },
  required: ['intent', 'quote'],
  additionalProperties: false,
})

describe('createAnswerParser', () => {
  const parse = createAnswerParser(desk)

  it('takes JSON that is valid against the schema', () => {
    expect(parse(' {"intent":"a","quote":null}\n')).toEqual({ value: { intent: 'a', quote: null } })
  })

  it('takes JSON inside one code fence', () => {
    const value = { intent: 'b', quote: 'x' }
    expect(parse('```json\n{"intent":"b","quote":"x"}\n```')).toEqual({ value })
    expect(parse('```\r\n{"intent":"b","quote":"x"}\r\n```\n')).toEqual({ value })
  })

  it('refuses anything beside the JSON', () => {
    for (const text of [
      'Sure: {"intent":"a","quote":null}',
      '{"intent":"a","quote":null} ok',
      '',
      '``````',
    ]) {
      expect(parse(text)).toHaveProperty('invalid')
    }
  })

  it('says what is wrong with an answer', () => {
    expect(parse('{"intent":"c","quote":null}')).toEqual({
      invalid: 'intent must be equal to one of the allowed values, got "c"',
    })
    expect(parse('{"intent":"a"}')).toEqual({ invalid: 'the answer lacks "quote"' })
    expect(parse('{"intent":"a","quote":null,"z":1}')).toEqual({
      invalid: 'the answer has "z", which the schema does not allow',
    })
  })

  it('does not take an inherited key for a present one', () => {
    const schema: JsonObject = { type: 'object', properties: {}, required: ['constructor'] }
    const parseProto = createAnswerParser(jsonTask(schema))
    expect(parseProto('{}')).toHaveProperty('invalid')
  })

  it('reads schemas of several drafts', () => {
    for (const draft of [
      'http://json-schema.org/draft-07/schema#',
      'https://json-schema.org/draft/2020-12/schema',
    ]) {
      const parseDraft = createAnswerParser(jsonTask({ $schema: draft, type: 'integer', format: 'int32' }))
      expect(parseDraft('3')).toEqual({ value: 3 })
      expect(parseDraft('3.5')).toHaveProperty('invalid')
    }
  })

  it('takes a label but for white space around it', () => {
    const parseLabel = createAnswerParser(taskOf({ kind: 'labels', labels: ['spam', 'ham'] }))
    expect(parseLabel(' spam\n')).toEqual({ value: 'spam' })
    expect(parseLabel('Spam')).toEqual({ invalid: '"Spam" is not one of the labels' })
  })

  it('takes text as it is', () => {
    expect(createAnswerParser(taskOf({ kind: 'text' }))(' as it is ')).toEqual({ value: ' as it is ' })
  })
})

describe('renderAnswer', () => {
  it('renders what the parser reads back', () => {
    const value = { quote: null, intent: 'a' }
    expect(renderAnswer(desk, value)).toBe('{"quote":null,"intent":"a"}')
    expect(createAnswerParser(desk)(renderAnswer(desk, value))).toEqual({ value })
    expect(renderAnswer(taskOf({ kind: 'labels', labels: ['spam'] }), 'spam')).toBe('spam')
    expect(renderAnswer(jsonTask({ enum: ['a'] }), 'a')).toBe('"a"')
  })
})
