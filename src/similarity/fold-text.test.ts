import { expect, it } from 'vitest'
import { foldText } from './fold-text.ts'

it('folds case, punctuation, white space and width away', () => {
  expect(foldText("  Hasn't it\n\u201carrived\u201d\u2014yet?! ＡＢＣ")).toBe('hasnt it arrived yet abc')
})

it('keeps signs that carry meaning, and digits', () => {
  expect(foldText('C++ costs $5')).toBe('c++ costs $5')
})

it('keeps texts of nothing but punctuation apart', () => {
  expect(foldText('???')).not.toBe(foldText('...'))
})
