import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAnswerParser } from '../../core/answer.ts'
import type { ChatModel } from '../../core/chat-model.ts'
import { drain, type StepEvent } from '../../core/event.ts'
import { equalJson, type Json, type JsonObject } from '../../core/json.ts'
import type { Example } from '../../core/row.ts'
import type { TrainedStudent, TrainOptions } from '../../core/student.ts'
import type { Task } from '../../core/task.ts'
import { deskExamples, deskTask } from '../../../test/support/desk-examples.ts'
import { exampleOf, jsonTask, taskOf } from '../../../test/support/micro-examples.ts'
import { openStudent } from '../registry.ts'
import { microTrainer } from './trainer.ts'

let parent: string

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'potstill-trainer-'))
})

afterAll(() => rm(parent, { recursive: true }))

let folders = 0

async function train(
  task: Task,
  training: readonly Example[],
  rest: {
    validation?: readonly Example[]
    onEvent?: (event: StepEvent) => void
  } & Partial<TrainOptions> = {},
): Promise<TrainedStudent> {
  const { validation = [], onEvent = () => undefined, ...options } = rest
  const folder = join(parent, `student-${folders++}`)
  const all = { name: 'desk', version: 3, seed: 5, folder, ...options }
  return drain(microTrainer.train(task, { training, validation }, all), onEvent)
}

async function ask(model: ChatModel, content: string) {
  return model.complete({ messages: [{ role: 'user', content }] })
}

async function bytesOf(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort()
  const entries = names.map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')])
  return Object.fromEntries(await Promise.all(entries)) as Record<string, string>
}

const training = deskExamples(60)
const unseen = deskExamples(40, 2)

describe('the micro trainer', () => {
  let student: TrainedStudent
  let model: ChatModel
  const events: StepEvent[] = []

  beforeAll(async () => {
    student = await train(deskTask, training, { onEvent: (event) => events.push(event) })
    model = (await openStudent(student.folder)).model
  })

  it('learns classes, quotes and constants, and says how sure it is', async () => {
    let right = 0
    for (const { row, output } of unseen) {
      const reply = await ask(model, row.input)
      const answer = JSON.parse(reply.content) as Json
      expect(Object.keys(answer as object)).toEqual(['topic', 'urgent', 'order', 'language'])
      if (equalJson(answer, output)) right++
      expect(reply.confidence).toBeGreaterThan(0)
      expect(reply.confidence).toBeLessThanOrEqual(1)
    }
    expect(right).toBeGreaterThanOrEqual(34)
  })

  it('replies as a student without a price', async () => {
    expect(model).toMatchObject({ id: 'student/desk@3', source: 'student' })
    const reply = await model.complete({
      messages: [
        { role: 'user', content: 'files do not sync, this is urgent, we cannot work.' },
        { role: 'assistant', content: '{}' },
        { role: 'user', content: 'why this charge about INV-7777, no hurry at all.' },
      ],
    })
    expect(reply).toMatchObject({ finishReason: 'stop', usage: null, priceUsd: null, raw: null })
    expect(reply.latencyMs).toBeGreaterThan(0)
    expect(JSON.parse(reply.content)).toMatchObject({ topic: 'billing', order: { reference: 'INV-7777' } })
  })

  it('describes itself in its manifest', () => {
    const { manifest } = student
    expect(manifest).toMatchObject({
      kind: 'micro',
      name: 'desk',
      version: 3,
      training: { rows: 60, labelled: 60, validationRows: 0 },
      heldOutBy: 'cross-validation',
      interrupted: false,
    })
    expect(Object.keys(manifest.files).sort()).toEqual(
      'classifier.bin classifier.json plan.json tagger.bin tagger.json'.split(' '),
    )
    expect(manifest.overfitting.text).not.toBe('')
    expect(manifest.expectedCalibrationError).toBeGreaterThanOrEqual(0)
    expect(manifest.curves).toEqual(events)
    expect(new Set(manifest.curves.map(({ part }) => part.split(',')[0]))).toEqual(
      new Set(['classifier', 'tagger']),
    )
  })

  it('answers every row without having learned from it, by cross-validation', () => {
    expect(student.heldOut.map(({ rowKey }) => rowKey)).toEqual(training.map(({ row }) => row.key))
    const right = student.heldOut.filter(({ output, expected }) => equalJson(output, expected)).length
    expect(right).toBeGreaterThan(40)
  })

  it('is the same, byte by byte, for the same rows and seed, whatever the order of keys', async () => {
    const rows = training.slice(0, 30)
    const turned = rows.map((example) => ({ ...example, output: turn(example.output) }))
    const first = await train(deskTask, rows, { epochs: 3 })
    const second = await train(deskTask, turned, { epochs: 3 })
    expect(await bytesOf(second.folder)).toEqual(await bytesOf(first.folder))
    const confidences = ({ heldOut }: TrainedStudent) => heldOut.map(({ confidence }) => confidence)
    expect(confidences(second)).toEqual(confidences(first))
    const other = await train(deskTask, rows, { epochs: 3, seed: 6 })
    expect(await bytesOf(other.folder)).not.toEqual(await bytesOf(first.folder))
  })

  it('gives valid answers to hostile inputs', async () => {
    const parse = createAnswerParser(deskTask)
    const inputs = [
      '',
      ' \n\t',
      '\ud800 lone \udc00',
      '\0',
      '__proto__',
      'INV-'.repeat(25_000),
      'é̂'.repeat(999),
      '😀',
    ]
    for (const input of inputs) {
      const reply = await ask(model, input)
      expect(parse(reply.content)).toHaveProperty('value')
      expect(reply.confidence).toBeGreaterThanOrEqual(0)
    }
    expect(parse((await model.complete({ messages: [] })).content)).toHaveProperty('value')
  })

  it('uses validation rows where there are some', async () => {
    const validation = unseen.slice(0, 15)
    const { manifest, heldOut } = await train(deskTask, training, { validation, epochs: 3 })
    expect(manifest).toMatchObject({ heldOutBy: 'validation rows', training: { validationRows: 15 } })
    expect(heldOut.map(({ rowKey }) => rowKey)).toEqual(validation.map(({ row }) => row.key))
  })

  it('learns from a handful of rows, holding none out', async () => {
    const { manifest, heldOut, folder } = await train(deskTask, training.slice(0, 6))
    expect(manifest).toMatchObject({ heldOutBy: 'nothing', expectedCalibrationError: null })
    expect(heldOut).toEqual([])
    const { model: small } = await openStudent(folder)
    expect(createAnswerParser(deskTask)((await ask(small, 'Hello')).content)).toHaveProperty('value')
  })

  it('needs no part for a task whose fields are constant', async () => {
    const task = taskOf({ kind: 'labels', labels: ['a', 'b'] })
    const { manifest, folder } = await train(task, [exampleOf('x', 'a'), exampleOf('y', 'a')])
    expect(Object.keys(manifest.files)).toEqual(['plan.json'])
    expect((await ask((await openStudent(folder)).model, 'z')).content).toBe('a')
  })

  it('keeps the best so far when it is ended before its time', async () => {
    const controller = new AbortController()
    let seen = 0
    const onEvent = (): void => {
      if (++seen === 2) controller.abort()
    }
    const { manifest, folder } = await train(deskTask, training, { signal: controller.signal, onEvent })
    expect(manifest.interrupted).toBe(true)
    expect(seen).toBeLessThan(events.length)
    const { model: early } = await openStudent(folder)
    expect(createAnswerParser(deskTask)((await ask(early, 'Hello')).content)).toHaveProperty('value')
  })

  it('is usable even when it is ended before it begins', async () => {
    const { manifest, folder } = await train(deskTask, training, { signal: AbortSignal.abort() })
    expect(manifest.interrupted).toBe(true)
    const { model: early } = await openStudent(folder)
    expect(createAnswerParser(deskTask)((await ask(early, 'Hello')).content)).toHaveProperty('value')
  })

  it('learns a field whose name objects inherit', async () => {
    const read = (text: string) => JSON.parse(text) as JsonObject
    const task = jsonTask(read('{"__proto__":{"enum":["red","blue"]},"constructor":{"type":"boolean"}}'))
    const rows = Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0
        ? exampleOf(`a red thing ${i}`, read('{"__proto__":"red","constructor":true}'))
        : exampleOf(`a blue thing ${i}`, read('{"__proto__":"blue","constructor":false}')),
    )
    const { model: odd } = await openStudent((await train(task, rows)).folder)
    expect((await ask(odd, 'a red thing')).content).toBe('{"__proto__":"red","constructor":true}')
  })

  it('follows soft labels', async () => {
    const task = taskOf({ kind: 'labels', labels: ['a', 'b'] })
    const soft = { label: { '"a"': 0.6, '"b"': 0.4 } }
    const rows = Array.from({ length: 30 }, (_, i) =>
      exampleOf(`word ${i}`, i % 5 === 0 ? 'b' : 'a', { soft }),
    )
    const { model: unsure } = await openStudent((await train(task, rows)).folder)
    expect((await ask(unsure, 'word')).content).toBe('a')
  })

  it('refuses before any work, and leaves no folder', async () => {
    const folder = join(parent, 'refused')
    const sentences = training.map(({ row }) => exampleOf('x', { a: row.input }))
    await expect(train(jsonTask({ a: { type: 'string' } }), sentences, { folder })).rejects.toMatchObject({
      code: 'TASK_UNSUPPORTED',
    })
    await expect(train(deskTask, [], { folder })).rejects.toMatchObject({ code: 'TRAINING_REFUSED' })
    const wrong = [...training, exampleOf('x', { topic: 'nothing of the kind' })]
    await expect(train(deskTask, wrong, { folder })).rejects.toThrow('1 row is not valid for the task')
    await expect(access(folder)).rejects.toThrow('ENOENT')
    const used = { folder: student.folder, onEvent: () => expect.unreachable() }
    await expect(train(deskTask, training, used)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
  })

  it('refuses to open what is damaged', async () => {
    const { folder } = await train(taskOf({ kind: 'labels', labels: ['a'] }), [exampleOf('x', 'a')])
    await writeFile(join(folder, 'plan.json'), '{}')
    await expect(openStudent(folder)).rejects.toMatchObject({ code: 'STUDENT_DAMAGED' })
  })
})

function turn(value: Json): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .map(([key, item]) => [key, turn(item)] as const)
          .reverse(),
      )
    : value
}
