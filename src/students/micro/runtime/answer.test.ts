import { assert, constantFrom, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { composeAnswer, findNumbers, readNumber, type AnswerPlan, type PlanNode } from './answer.js'

function planOf(root: PlanNode, confidencePower = 1): AnswerPlan {
  return { root, confidencePower }
}

function tagOf(texts: readonly string[], confidence = 0.9) {
  return { x: { spans: texts.map((text) => ({ text })), confidence } }
}

const span = { path: 'x', span: 'x', limits: {}, empty: { value: null }, isNothing: true } as const

describe('composeAnswer', () => {
  it('takes the likeliest class and its probability', () => {
    const head = { kind: 'head', path: 'x', head: 'x', values: ['a', null], nothing: 1, empty: {} } as const
    const object = (node: PlanNode): AnswerPlan =>
      planOf({ kind: 'object', path: '', presence: null, empty: {}, children: [{ key: 'x', node }] })
    const likely = { x: Float32Array.of(0.75, 0.25) }
    const unlikely = { x: Float32Array.of(0.25, 0.75) }
    expect(composeAnswer(object(head), likely, {})).toEqual({ output: { x: 'a' }, confidence: 0.75 })
    expect(composeAnswer(object(head), unlikely, {})).toEqual({ output: {}, confidence: 0.75 })
    expect(composeAnswer(object({ ...head, empty: null }), unlikely, {})).toEqual({
      output: { x: 'a' },
      confidence: 1,
    })
  })

  it('multiplies the confidences of the fields and bends the product', () => {
    const constant = { kind: 'constant', path: 'x', say: { value: 1 }, confidence: 0.5 } as const
    const children = [
      { key: 'b', node: constant },
      { key: 'a', node: constant },
    ]
    const root = { kind: 'object', path: '', presence: null, empty: {}, children } as const
    expect(composeAnswer(planOf(root, 0.5), {}, {}).confidence).toBeCloseTo(0.5)
    expect(JSON.stringify(composeAnswer(planOf(root), {}, {}).output)).toBe('{"b":1,"a":1}')
  })

  it('leaves out an object that its presence head denies', () => {
    const root = { kind: 'object', path: 'x', presence: 'x', empty: { value: null }, children: [] } as const
    expect(composeAnswer(planOf(root), { x: Float32Array.of(0.75, 0.25) }, {})).toEqual({
      output: null,
      confidence: 0.75,
    })
  })

  it('takes the first span, or says nothing', () => {
    const plan = planOf({ kind: 'span', ...span })
    expect(composeAnswer(plan, {}, tagOf(['INV-1', 'INV-2'])).output).toBe('INV-1')
    expect(composeAnswer(plan, {}, tagOf([]))).toEqual({ output: null, confidence: 0.9 })
  })

  it('does not trust a span that the schema forbids', () => {
    const plan = planOf({ kind: 'span', ...span, limits: { pattern: '^[A-Z]+$', maxLength: 3 } })
    expect(composeAnswer(plan, {}, tagOf(['ABC'])).output).toBe('ABC')
    expect(composeAnswer(plan, {}, tagOf(['ABCD']))).toEqual({ output: null, confidence: 0 })
    expect(composeAnswer(plan, {}, tagOf(['abc']))).toEqual({ output: null, confidence: 0 })
  })

  it('reads numbers, and says nothing or the nearest one where they are out of range', () => {
    const limits = { integer: true, minimum: 1, maximum: 9 }
    const nullable = planOf({ kind: 'number', ...span, limits })
    expect(composeAnswer(nullable, {}, tagOf(['7 people'])).output).toBe(7)
    expect(composeAnswer(nullable, {}, tagOf(['12'])).output).toBe(null)
    const firm = planOf({ kind: 'number', ...span, limits, empty: { value: 2 }, isNothing: false })
    expect(composeAnswer(firm, {}, tagOf(['12']))).toEqual({ output: 9, confidence: 0 })
    expect(composeAnswer(firm, {}, tagOf(['2.4'])).output).toBe(2)
    expect(composeAnswer(firm, {}, tagOf(['none'])).output).toBe(2)
  })

  it('keeps lists within their limits', () => {
    const limits = { uniqueItems: true, maxItems: 2 }
    const plan = planOf({ kind: 'list', ...span, limits, empty: { value: [] } })
    expect(composeAnswer(plan, {}, tagOf(['a', 'a', 'b', 'c']))).toEqual({
      output: ['a', 'b'],
      confidence: 0,
    })
    expect(composeAnswer(plan, {}, tagOf(['b', 'a'])).output).toEqual(['b', 'a'])
    expect(composeAnswer(plan, {}, tagOf([]))).toEqual({ output: [], confidence: 0.9 })
  })

  it('lists the members of a set in their order', () => {
    const set = {
      kind: 'set',
      path: 'x',
      heads: ['0', '1', '2'],
      values: ['a', 'b', 'c'],
      limits: {},
      isNothing: true,
    } as const
    const probabilities = {
      0: Float32Array.of(0.25, 0.75),
      1: Float32Array.of(1, 0),
      2: Float32Array.of(0, 1),
    }
    const empty = { value: [] }
    expect(composeAnswer(planOf({ ...set, empty }), probabilities, {})).toEqual({
      output: ['a', 'c'],
      confidence: 0.75,
    })
    const one = composeAnswer(planOf({ ...set, empty, limits: { maxItems: 1 } }), probabilities, {})
    expect(one).toEqual({ output: ['c'], confidence: 0.25 })
    const none = { ...probabilities, 0: Float32Array.of(0.75, 0.25), 2: Float32Array.of(0.875, 0.125) }
    expect(composeAnswer(planOf({ ...set, empty, limits: { minItems: 1 } }), none, {}).output).toEqual([])
    const firm = { ...set, empty: { value: ['b'] }, isNothing: false, limits: { minItems: 1 } }
    expect(composeAnswer(planOf(firm), none, {}).output).toEqual(['a'])
  })
})

describe('readNumber', () => {
  it.each([
    ['7', 7],
    ['-3.5', -3.5],
    ['EUR 1,234.50', 1234.5],
    ['1.234,50 €', 1234.5],
    ['1,234', 1234],
    ['1.234', 1.234],
    ['12,5', 12.5],
    ['1.234.567', 1234567],
    ['1 000 000', 1000000],
    ["12'500.25", 12500.25],
    ['no number', null],
  ])('reads %j as %j', (text, value) => {
    expect(readNumber(text)).toBe(value)
  })

  it('finds the numbers of a text, ranges and dates too', () => {
    expect(findNumbers('from 10-20 on 2024-05-01, at -5 or 3.')).toEqual('10 20 2024 05 01 -5 3'.split(' '))
  })

  it('gives a finite number or null for any text', () => {
    assert(
      property(string({ unit: constantFrom('1', '2', ',', '.', ' ', '-', 'x') }), (text) => {
        const value = readNumber(text)
        expect(value === null || Number.isFinite(value)).toBe(true)
      }),
    )
  })
})
