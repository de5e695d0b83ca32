import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fillTemplate, isTemplatePath, templatePaths } from './template.ts'

const variables = {
  item: { name: 'Ada', tags: ['a', 'b'], nested: { 'total due': 3 }, none: null, sneaky: '{{item.name}}' },
  sample: { output_text: 'yes', output_json: { ok: true } },
}

describe('fillTemplate', () => {
  it('fills in texts as they are and other values as JSON', () => {
    const filled = fillTemplate(
      '{{item.name}} {{ item.tags[1] }} {{item.tags}} {{item.nested["total due"]}} {{item.none}} {{sample.output_json.ok}}',
      variables,
    )
    expect(filled).toEqual({ text: 'Ada b ["a","b"] 3 null true' })
  })

  it('names the field that is missing', () => {
    expect(fillTemplate('{{item.age}}', variables)).toEqual({ missing: 'item.age' })
    expect(fillTemplate('{{sample.output_text}}', { item: {} })).toEqual({ missing: 'sample.output_text' })
    expect(fillTemplate('{{item.tags[7]}}', variables)).toEqual({ missing: 'item.tags[7]' })
  })

  it('reaches nothing but what is in the data', () => {
    for (const path of [
      'item.constructor',
      'item.__proto__',
      'process.env',
      'item.name.length',
      'item.tags.length',
    ]) {
      expect(fillTemplate(`{{${path}}}`, variables)).toEqual({ missing: path })
    }
  })

  it('takes any length of text in a moment', () => {
    for (const long of [`{{${' '.repeat(200_000)}`, '{'.repeat(200_000), '{{item.name}}'.repeat(20_000)]) {
      expect(fillTemplate(long, variables)).toHaveProperty('text')
    }
  })

  it('does not read again what it inserted', () => {
    expect(fillTemplate('{{item.sneaky}}', variables)).toEqual({ text: '{{item.name}}' })
  })

  it('leaves text without slots alone', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('{{')),
        (text) => {
          expect(fillTemplate(text, variables)).toEqual({ text })
        },
      ),
    )
  })
})

describe('isTemplatePath', () => {
  it('knows item and sample, however one writes the way into them', () => {
    const paths = templatePaths('{{item.a}} {{ sample.b["c d"] }} {{item}} {{items.a}} {{item..a}} {{1+1}}')
    expect(paths.map(isTemplatePath)).toEqual([true, true, true, false, false, false])
  })
})
