import { describe, expect, it } from 'vitest'
import { deskExamples, deskTask } from '../../../test/support/desk-examples.ts'
import { exampleOf, fieldExamples, jsonTask, repeat, taskOf } from '../../../test/support/micro-examples.ts'
import type { Example } from '../../core/row.ts'
import type { Task } from '../../core/task.ts'
import { checkTraining } from './check-training.ts'

function problemsOf(task: Task, training: readonly Example[], validation: readonly Example[] = []): string[] {
  return checkTraining(task, { training, validation }).map(({ level, text }) => `${level}: ${text}`)
}

describe('checkTraining', () => {
  it('refuses to train on nothing, on invalid rows, and on free text', () => {
    expect(problemsOf(deskTask, [])).toEqual(['error: There are no training rows.'])
    const wrong = exampleOf('x', { topic: 'tax' })
    expect(problemsOf(deskTask, deskExamples(20), [wrong])).toEqual([
      'error: 1 row is not valid for the task, first test.jsonl:1: the answer lacks "urgent".',
    ])
    const [problem] = checkTraining(taskOf({ kind: 'text' }), {
      training: [exampleOf('x', 'Dear Sir, this is it.'), exampleOf('y', 'Dear Madam, that is it.')],
      validation: [],
    })
    expect(problem.level).toBe('error')
    expect(problem.hint).toContain('kind lm')
  })

  it('says what few rows are worth, unless there are validation rows', () => {
    const warning =
      'warning: Only 4 training rows: too few to hold any out, so nothing is tuned and the confidence of answers is a guess.'
    expect(problemsOf(deskTask, deskExamples(4))).toContain(warning)
    expect(problemsOf(deskTask, deskExamples(4), deskExamples(9, 2))).not.toContain(warning)
    expect(problemsOf(deskTask, deskExamples(10))).not.toContain(warning)
  })

  it('says when all outputs are the same', () => {
    const task = taskOf({ kind: 'labels', labels: ['a', 'b'] })
    expect(problemsOf(task, repeat([exampleOf('x', 'a')], 12))).toContain(
      'warning: All training rows have the same output, so the student will give it to every input.',
    )
  })

  it('names values that are missing, rare, or nearly the only one', () => {
    const task = jsonTask({ x: { enum: ['a', 'b', 'c'] } })
    const rows = fieldExamples([...repeat(['a'], 97), ...repeat(['b'], 3)])
    expect(problemsOf(task, rows)).toEqual([
      'warning: Field "x" is "a" in 97 % of the rows: always saying so would be right as often.',
      'warning: Field "x": no row has "c", so the student can never answer that.',
      'warning: Field "x": fewer than 5 rows have "b"; what the student says there is little more than a guess.',
    ])
  })

  it('says when texts are not quoted although the schema says so', () => {
    const task = jsonTask({ x: { type: 'string', 'x-quoted': true } })
    const rows = fieldExamples(['one', 'two', 'three', 'four'], ['one', 'zwei', 'three', 'vier'])
    expect(problemsOf(task, rows)[1]).toBe(
      'warning: Field "x": only 50 % of its texts are quoted word for word from their inputs.',
    )
  })

  it('has nothing to say about good rows', () => {
    const task = jsonTask({ x: { enum: ['a', 'b'] } })
    expect(problemsOf(task, fieldExamples(repeat(['a', 'b'], 10)))).toEqual([])
  })
})
