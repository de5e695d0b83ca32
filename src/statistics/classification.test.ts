import { describe, expect, it } from 'vitest'
import { classifyField, NO_ANSWER } from './classification.ts'

describe('classifyField', () => {
  it('gives the figures of scikit-learn', () => {
    // precision_recall_fscore_support and confusion_matrix with labels a, b, c (scikit-learn 1.9).
    const expected = ['a', 'a', 'a', 'b', 'b', 'c', 'a', 'b']
    const answered = ['a', 'b', 'a', 'b', 'b', 'a', 'a', 'c']
    const { classes, confusion } = classifyField('intent', expected, answered)
    expect(classes).toEqual([
      { value: 'a', rows: 4, precision: 0.75, recall: 0.75, f1: 0.75 },
      { value: 'b', rows: 3, precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 },
      { value: 'c', rows: 1, precision: 0, recall: 0, f1: 0 },
    ])
    expect(confusion).toEqual({
      values: ['a', 'b', 'c'],
      counts: [
        [3, 1, 0],
        [0, 2, 1],
        [1, 0, 0],
      ],
    })
  })

  it('has no recall for a value that was never expected and no precision for one that was never answered', () => {
    const { classes } = classifyField('f', ['true', 'true'], ['true', 'false'])
    expect(classes[1]).toEqual({ value: 'false', rows: 0, precision: 0, recall: null, f1: 0 })
    expect(classifyField('f', ['"x"', '"y"'], ['"x"', '"x"']).classes[1]).toMatchObject({
      precision: null,
      recall: 0,
    })
  })

  it('counts a row without an answer against recall, in a column of its own, apart from an answered null', () => {
    const { classes, confusion } = classifyField('f', ['null', 'null', '1'], ['null', null, '1'])
    expect(classes).toEqual([
      { value: 'null', rows: 2, precision: 1, recall: 0.5, f1: 2 / 3 },
      { value: '1', rows: 1, precision: 1, recall: 1, f1: 1 },
    ])
    expect(confusion.values).toEqual(['null', '1', NO_ANSWER])
    expect(confusion.counts[0]).toEqual([1, 0, 1])
  })

  it('is empty without rows', () => {
    expect(classifyField('f', [], [])).toEqual({
      path: 'f',
      classes: [],
      confusion: { values: [], counts: [] },
    })
  })
})
