import { describe, expect, it } from 'vitest'
import { exampleOf } from '../../../test/support/micro-examples.ts'
import { chooseHeldOut, mapHeldOut } from './hold-out.ts'

function examplesOf(groups: readonly string[]) {
  return groups.map((group, index) => {
    const example = exampleOf(`input ${index}`, 'a')
    return { ...example, row: { ...example.row, group } }
  })
}

function foldsOf(groups: readonly string[], seed = 1) {
  const heldOut = chooseHeldOut({ training: examplesOf(groups), validation: [] }, seed)
  return heldOut.kind === 'folds' ? { count: heldOut.count, folds: [...heldOut.foldOf] } : heldOut.kind
}

const forty = Array.from({ length: 40 }, (_, i) => `g${i}`)

describe('chooseHeldOut', () => {
  it('holds out the validation rows where there are any', () => {
    const validation = examplesOf(['v'])
    const heldOut = chooseHeldOut({ training: examplesOf(forty), validation }, 1)
    expect(heldOut).toEqual({ kind: 'rows', rows: validation })
    expect(mapHeldOut(heldOut, ({ row }) => row.input)).toEqual({ kind: 'rows', rows: ['input 0'] })
  })

  it('makes five folds of even size that depend on the seed', () => {
    const result = foldsOf(forty)
    if (typeof result === 'string') throw new Error(result)
    for (let fold = 0; fold < 5; fold++) expect(result.folds.filter((each) => each === fold)).toHaveLength(8)
    expect(foldsOf(forty)).toEqual(result)
    expect(foldsOf(forty, 2)).not.toEqual(result)
  })

  it('keeps a group in one fold', () => {
    const groups = forty.map((_, index) => `g${index % 7}`)
    const result = foldsOf(groups)
    if (typeof result === 'string') throw new Error(result)
    groups.forEach((group, index) => expect(result.folds[index]).toBe(result.folds[groups.indexOf(group)]))
  })

  it('has fewer folds for fewer groups, and none for few rows', () => {
    expect(foldsOf(forty.map((_, index) => `g${index % 3}`))).toMatchObject({ count: 3 })
    expect(foldsOf(forty.map(() => 'one'))).toBe('nothing')
    expect(foldsOf(forty.slice(0, 9))).toBe('nothing')
    expect(foldsOf(forty.slice(0, 10))).toMatchObject({ count: 5 })
  })
})
