/** Reports at the edges: hostile texts, no rows, missing parts, every verdict, odd numbers; and checks of what is rendered. */
import fc from 'fast-check'
import type { Json } from '../../src/core/json.ts'
import type { Arm, ArmRole, Interval, Verdict, VerdictWord } from '../../src/core/measure.ts'
import type { ReportData } from '../../src/core/report-data.ts'
import { reportFixture } from './report-fixture.ts'

export const hostileTexts = [
  '<script>alert(1)</script>',
  `"double" 'single' & &lt; onload="x"`,
  '</style></title><img src=x onerror=alert(1)>',
  'a|b\\|c',
  '`code` ``` fence ~~~',
  '# head\n- item\n\n1. one\n| a | b |\n| --- | --- |',
  '[link](javascript:alert(1)) ![i](http://example.com/x.png)',
  '\u001b[31mred\u0007\u0000 \u202eevil',
  '請求書の件名がとても長い場合の名前です',
  'x'.repeat(300),
  '',
  ' ',
  'null',
  '__proto__',
]

const text = fc.oneof(
  fc.constantFrom(...hostileTexts),
  fc.string({ maxLength: 40 }).filter((value) => !/undefined|NaN|Infinity|object/.test(value)),
)
const share = fc.oneof(fc.constantFrom(0, 1, 0.5, -0, NaN), fc.double({ min: 0, max: 1, noNaN: true }))
const difference = fc.oneof(fc.constantFrom(0, -0, 1, -1), fc.double({ min: -1, max: 1, noNaN: true }))
const size = fc.oneof(fc.constantFrom(0, 1, 2), fc.nat(100_000))
const amount = fc.option(
  fc.oneof(fc.constantFrom(0, 1e-9, 1e9), fc.double({ min: 0, max: 5000, noNaN: true })),
)
const interval: fc.Arbitrary<Interval> = fc.tuple(share, share)
const value: fc.Arbitrary<Json> = fc.oneof(
  text,
  fc.constantFrom<Json>(null, true, 3, [], {}, { a: { b: 1 } }),
)
const record = fc.dictionary(text, value, { maxKeys: 3 })

const roles: readonly ArmRole[] = ['teacher', 'reference', 'floor', 'before', 'after', 'cascade']
const arm: fc.Arbitrary<Arm> = fc.record({
  name: text,
  role: fc.constantFrom(...roles),
  model: text,
  source: fc.constantFrom('provider', 'recorded', 'student', 'baseline', 'cascade'),
  rows: size,
  score: share,
  interval,
  exactMatch: share,
  exactMatchInterval: interval,
  fields: fc.array(
    fc.record(
      {
        path: text,
        accuracy: share,
        interval,
        whenPresent: fc.record({ rows: size, accuracy: share, interval }),
      },
      { requiredKeys: ['path', 'accuracy', 'interval'] },
    ),
    { maxLength: 3 },
  ),
  graders: fc.array(fc.record({ name: text, mean: share, interval, passed: size, errors: size }), {
    maxLength: 2,
  }),
  valid: share,
  failed: size,
  priceUsdPer1000: amount,
  priceBasis: text,
  latencyP50Ms: amount,
  latencyP95Ms: amount,
  expectedCalibrationError: fc.option(share),
})

const words: readonly VerdictWord[] = [
  'ship',
  'ship_with_fallback',
  'do_not_ship',
  'not_enough_data',
  'no_need',
]
const verdict: fc.Arbitrary<Verdict> = fc.record(
  {
    verdict: fc.constantFrom(...words),
    replaces: text,
    metric: fc.constantFrom('score', 'exactMatch'),
    marginPoints: fc.constantFrom(0, 0.5, 1, 2),
    reason: text,
    worseFields: fc.array(fc.record({ path: text, difference, interval }), { maxLength: 2 }),
    moreRows: size,
    threshold: share,
    coverage: share,
  },
  { requiredKeys: ['verdict', 'replaces', 'metric', 'marginPoints', 'reason', 'worseFields'] },
)

const field = fc.record({
  path: text,
  segments: fc.array(text, { maxLength: 2 }),
  kind: fc.constantFrom('enum', 'boolean', 'string', 'json'),
  nullable: fc.boolean(),
  optional: fc.boolean(),
  quoted: fc.boolean(),
})

const fieldDetail = fc.array(text, { maxLength: 14 }).chain((names) =>
  fc.record({
    path: text,
    classes: fc.array(
      fc.record({
        value: text,
        rows: size,
        precision: fc.option(share),
        recall: fc.option(share),
        f1: fc.option(share),
      }),
      { maxLength: 3 },
    ),
    confusion: fc.record({
      values: fc.constant(names),
      counts: fc.array(fc.array(fc.nat(9), { maxLength: names.length }), { maxLength: names.length }),
    }),
  }),
)

const curvePoint = fc.record({
  type: fc.constant('train' as const),
  part: fc.constantFrom('classifier', '<b>'),
  epoch: fc.nat(40),
  epochs: fc.nat(40),
  trainLoss: fc.double({ min: 0, max: 9 }),
  validationLoss: fc.option(fc.double({ min: 0, max: 9, noNaN: true })),
  validationAccuracy: fc.option(share),
  best: fc.boolean(),
})

const { run, task, data, training, generation, curation, coverage, costs, terms, reproduce } = reportFixture

/** Reports of every kind. Whole parts are missing or empty as often as not. */
export const edgeReports: fc.Arbitrary<ReportData> = fc.record({
  format: fc.constant(1 as const),
  name: text,
  note: fc.option(text),
  run: fc.record({ seconds: amount, seed: size, processor: text, folder: text }).map((odd) => ({
    ...run,
    ...odd,
    seconds: odd.seconds ?? 0,
  })),
  task: fc
    .record({
      output: fc.constantFrom('json', 'labels', 'text'),
      fields: fc.array(field, { maxLength: 3 }),
      prompt: text,
    })
    .map((odd) => ({ ...task, ...odd })),
  data: fc
    .record({
      evaluationRows: size,
      labelledRows: size,
      validationRows: size,
      trainingRows: size,
      evaluationFrom: text,
    })
    .map((odd) => ({ ...data, ...odd })),
  arms: fc.array(arm, { maxLength: 16 }),
  comparisons: fc.array(
    fc.record({ first: text, second: text, difference, interval, wins: size, losses: size, pValue: share }),
    { maxLength: 3 },
  ),
  verdict,
  warnings: fc.array(text, { maxLength: 4 }),
  fields: fc.array(fieldDetail, { maxLength: 3 }),
  training: fc
    .record({
      curves: fc.array(curvePoint, { maxLength: 6 }),
      interrupted: fc.boolean(),
      expectedCalibrationError: fc.option(share),
      details: record,
      worth: fc.option(text),
    })
    .map((odd) => ({ ...training, ...odd })),
  generation: fc
    .record({ model: text, asked: size, failed: size, fromCallLog: size, usd: amount })
    .map((odd) => ({ ...generation, ...odd })),
  curation: fc
    .record({
      candidates: size,
      removed: fc.array(
        fc.record({ reason: fc.constantFrom('failed', 'leak_near'), rows: size, meaning: text }),
        { maxLength: 2 },
      ),
      leaks: fc.array(
        fc.record({
          rowId: text,
          evaluationRowId: text,
          reason: fc.constantFrom('leak_exact', 'leak_near'),
          similarity: share,
          text,
        }),
        { maxLength: 7 },
      ),
      balance: fc.array(
        fc.record({
          path: text,
          values: fc.array(fc.record({ value: text, rows: size }), { maxLength: 22 }),
        }),
        { maxLength: 2 },
      ),
    })
    .map((odd) => ({ ...curation, ...odd })),
  coverage: fc
    .record({
      points: fc.array(
        fc.record({ threshold: share, coverage: share, studentScore: share, cascadeScore: share }),
        {
          maxLength: 5,
        },
      ),
      chosenThreshold: fc.option(share),
      losslessCoverage: fc.option(share),
    })
    .map((odd) => ({ ...coverage, ...odd })),
  costs: fc
    .record({
      lines: fc.array(
        fc.record({
          arm: text,
          role: fc.constantFrom(...roles),
          usdPer1000: amount,
          basis: text,
          latencyP50Ms: amount,
          latencyP95Ms: amount,
        }),
        { maxLength: 2 },
      ),
      teacherUsd: amount,
      breakEvenCalls: amount,
    })
    .map((odd) => ({ ...costs, ...odd })),
  worstRows: fc.array(
    fc.record({
      rowId: text,
      input: text,
      expected: value,
      confidence: fc.option(share),
      wrongFields: fc.array(text, { maxLength: 2 }),
      answers: fc.array(
        fc.record({ arm: text, value: fc.option(value), fault: text }, { requiredKeys: ['arm', 'value'] }),
        { maxLength: 3 },
      ),
    }),
    { maxLength: 2 },
  ),
  terms: fc
    .record({
      model: text,
      status: fc.constantFrom('allowed', 'restricted', 'unknown'),
      text,
      url: fc.option(
        fc.constantFrom('javascript:alert(1)', 'https://example.com/"><script>', 'https://example.com/a_b'),
      ),
    })
    .map((odd) => ({ ...terms, ...odd })),
  reproduce: fc
    .record({
      commands: fc.array(text, { maxLength: 2 }),
      inputs: fc.dictionary(text, text, { maxKeys: 2 }),
      config: text,
    })
    .map((odd) => ({ ...reproduce, ...odd })),
  next: fc.array(text, { maxLength: 4 }),
})

const voidTags = new Set(['meta', 'br', 'line', 'circle', 'rect', 'path'])

/** What is wrong with a page's markup: tags that do not match, attributes without quotes, stray angle brackets. */
export function markupFaults(page: string): readonly string[] {
  const faults: string[] = []
  const open: string[] = []
  const body = page.replace('<!doctype html>', '').replace(/<style>[^<]*<\/style>/, '')
  const tag = /<(\/?)([a-z0-9]+)((?:\s+[a-zA-Z0-9:-]+(?:="[^"<>]*")?)*)\s*(\/?)>/g
  const rest = body.replace(tag, (_, closing: string, name: string, _attributes: string, self: string) => {
    if (closing === '' && self === '' && !voidTags.has(name)) open.push(name)
    if (closing !== '' && open.pop() !== name) faults.push(`</${name}> closes nothing`)
    return ''
  })
  if (/[<>]/.test(rest)) faults.push(`stray bracket: ${/.{0,40}[<>].{0,40}/.exec(rest)?.[0] ?? ''}`)
  return [...faults, ...open.map((name) => `<${name}> is not closed`)]
}

/** What is wrong with the tables of a Markdown text: lines with another number of cells than their heading. */
export function tableFaults(markdown: string): readonly string[] {
  const withoutBlocks = markdown.replace(/^(`{3,})[^\n]*\n[\s\S]*?\n\1$/gm, '')
  const cells = (line: string): number => line.replace(/\\./g, '').split('|').length - 2
  return withoutBlocks
    .split(/\n\n+/)
    .filter((part) => part.startsWith('|'))
    .flatMap((part) => {
      const lines = part.split('\n')
      const wrong = lines.filter((line) => cells(line) !== cells(lines[0]) || !line.endsWith(' |'))
      const rule = /^\|( -{3}:? \|)+$/.test(lines[1] ?? '') ? [] : [`no rule below: ${lines[0]}`]
      return [...wrong, ...rule]
    })
}
