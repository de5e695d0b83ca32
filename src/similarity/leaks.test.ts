import { array, assert, constantFrom, nat, property } from 'fast-check'
import { expect, it } from 'vitest'
import { foldText } from './fold-text.ts'
import { createNearLeakCheck, findExactLeaks, findPassageLeaks } from './leaks.ts'

const findNearLeaks = createNearLeakCheck(0.7)

it('finds equal texts whatever their case, punctuation and white space', () => {
  const found = findExactLeaks(['Where is  my card', 'ok', 'other'], ['x', 'where is my card?!', 'OK.'])
  expect(found).toEqual([{ index: 1, similarity: 1 }, { index: 2, similarity: 1 }, null])
})

it('finds similar texts', () => {
  const evaluation = ['what exchange rates do you offer for euros', 'how do i add a card to the app']
  const found = findNearLeaks(['How do I add a card on to the app?', 'how do i close my account'], evaluation)
  expect(found[0]?.index).toBe(1)
  expect(found[0]?.similarity).toBeGreaterThanOrEqual(0.7)
  expect(found[1]).toBeNull()
})

it('leaves short texts to the exact check', () => {
  expect(findNearLeaks(['14 people'], ['13 people'])).toEqual([null])
})

const passage = 'why is my withdrawal still pending after so long'

it('finds an evaluation text inside a training text, and the other way round', () => {
  const longer = `I have been waiting for three days now: ${passage}? Please answer, I need the money.`
  for (const [training, evaluation] of [
    [longer, passage],
    [passage, longer],
  ]) {
    const [match] = findPassageLeaks(
      [training],
      ['something else entirely, and longer than that', evaluation],
    )
    expect(match?.index).toBe(1)
    expect(match?.similarity).toBeCloseTo(passage.length / foldText(longer).length, 10)
  }
})

it('does not take short texts as passages', () => {
  expect(
    findPassageLeaks([`ok, ${passage}`, 'thank you for your help'], ['ok', 'oh, thank you for your help!']),
  ).toEqual([null, null])
})

it('does not take the part of a word as a passage', () => {
  expect(findPassageLeaks([`${passage}er than that`], [passage])).toEqual([null])
  expect(findPassageLeaks([`x${passage}`], [passage])).toEqual([null])
})

it('finds passages in scripts without spaces', () => {
  const chinese = '我上周订购的新卡还没有收到请问大概什么时候能够寄到我家里来呢谢谢你们的帮助了'
  expect(findPassageLeaks([`你好${chinese}再见`], [chinese])[0]?.index).toBe(0)
})

it('finds the passages that a plain search finds', () => {
  const tokens = array(constantFrom('aa', 'b', 'cccc', 'dd'), { maxLength: 40 })
  assert(
    property(tokens, tokens, nat(3), (left, right, cut) => {
      const [a, b] = [left.join(' '), [...left.slice(cut), ...right.slice(20)].join(' ')]
      const [short, long] = a.length < b.length ? [a, b] : [b, a]
      const expected = short.length >= 30 && ` ${long} `.includes(` ${short} `)
      expect(findPassageLeaks([a], [b])[0] !== null).toBe(expected)
      expect(findPassageLeaks([b], [a])[0] !== null).toBe(expected)
    }),
    { numRuns: 1000 },
  )
})
