import { array, assert, double, integer, nat, property, record, string } from 'fast-check'
import { expect, it } from 'vitest'
import { splitByGroup } from './split.ts'

const grouped = array(record({ group: string({ maxLength: 2 }), id: integer() }))
const share = double({ min: 0.01, max: 0.99, noNaN: true })

it('never splits a group, loses no row and keeps the order', () => {
  assert(
    property(grouped, share, nat(), (rows, share, seed) => {
      const { rest, heldOut } = splitByGroup(rows, share, seed)
      const held = new Set(heldOut.map((row) => row.group))
      expect(rest.some((row) => held.has(row.group))).toBe(false)
      expect(rows.filter((row) => !held.has(row.group))).toEqual(rest)
      expect(rows.filter((row) => held.has(row.group))).toEqual(heldOut)
    }),
  )
})

it('has a group on both sides as soon as there are two', () => {
  assert(
    property(grouped, share, nat(), (rows, share, seed) => {
      const groups = new Set(rows.map((row) => row.group)).size
      const { rest, heldOut } = splitByGroup(rows, share, seed)
      expect(heldOut.length > 0).toBe(groups >= 2)
      expect(rest.length > 0).toBe(groups >= 1)
    }),
  )
})

it('does not depend on the order of the rows', () => {
  const rows = Array.from({ length: 60 }, (_, id) => ({ id, group: `g${id % 13}` }))
  const once = splitByGroup(rows, 0.3, 5).heldOut.map((row) => row.id)
  const again = splitByGroup([...rows].reverse(), 0.3, 5).heldOut.map((row) => row.id)
  expect(again.sort((a, b) => a - b)).toEqual(once)
})

it('splits differently under another seed and the same under the same', () => {
  const rows = Array.from({ length: 100 }, (_, id) => ({ id, group: String(id) }))
  expect(splitByGroup(rows, 0.3, 1)).toEqual(splitByGroup(rows, 0.3, 1))
  expect(splitByGroup(rows, 0.3, 1)).not.toEqual(splitByGroup(rows, 0.3, 2))
})

it('meets the share exactly where each row is its own group', () => {
  const rows = Array.from({ length: 1000 }, (_, id) => ({ id, group: String(id) }))
  expect(splitByGroup(rows, 0.1, 3).heldOut).toHaveLength(100)
})

it('passes over a group that is much too large', () => {
  const rows = Array.from({ length: 100 }, (_, id) => ({ id, group: id < 60 ? 'big' : String(id) }))
  for (let seed = 0; seed < 20; seed++) {
    expect(splitByGroup(rows, 0.1, seed).heldOut).toHaveLength(10)
  }
})
