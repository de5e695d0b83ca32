/** Other reports than the fixture: one label, free text with graders, and the least that a run can leave. */
import type { VerdictWord } from '../../src/core/measure.ts'
import type { ReportData } from '../../src/core/report-data.ts'
import { reportFixture } from './report-fixture.ts'

const { arms, task, data, training, curation, coverage, costs, generation, reproduce } = reportFixture

export function withVerdict(verdict: VerdictWord, changes: Partial<ReportData['verdict']> = {}): ReportData {
  return { ...reportFixture, verdict: { ...reportFixture.verdict, verdict, worseFields: [], ...changes } }
}

/** One label of 30 for each row. */
export function labelReport(): ReportData {
  const names = Array.from({ length: 30 }, (_, index) => `"topic ${index + 1} of the incoming post"`)
  const counts = names.map((_, i) => names.map((_, j) => (i === j ? 6 : (i * 7 + j * 3) % 29 === 0 ? 1 : 0)))
  const field = { ...task.fields[0], path: 'label', segments: [], values: names }
  const classes = names.map((value, index) => ({
    value,
    rows: 7,
    precision: index === 3 ? null : 0.86,
    recall: 0.86,
    f1: 0.86,
  }))
  return {
    ...withVerdict('ship_with_fallback', { coverage: 0.68, threshold: 0.62 }),
    name: 'post-room',
    task: { ...task, output: 'labels', fields: [field] },
    arms: arms.map((arm) => ({
      ...arm,
      fields: [{ ...arm.fields[0], path: 'label' }],
      exactMatch: arm.score,
    })),
    fields: [{ path: 'label', classes, confusion: { values: names, counts } }],
    curation: {
      ...curation,
      removed: [],
      leaks: [],
      balance: [{ path: 'label', values: names.map((value) => ({ value, rows: 33 })) }],
      warnings: [],
    },
    worstRows: reportFixture.worstRows.slice(0, 1).map((row) => ({
      ...row,
      expected: 'topic 4 of the incoming post',
      wrongFields: ['label'],
      answers: row.answers.map((answer) => ({ arm: answer.arm, value: 'topic 11 of the incoming post' })),
    })),
  }
}

/** Free text, judged by graders; one of them failed now and then. */
export function textReport(): ReportData {
  const graders = [
    {
      name: 'says no more than the source',
      mean: 0.91,
      interval: [0.87, 0.94] as const,
      passed: 182,
      errors: 3,
    },
    { name: 'under 60 words', mean: 1, interval: [0.98, 1] as const, passed: 200, errors: 0 },
  ]
  return {
    ...withVerdict('do_not_ship'),
    name: 'summaries',
    task: {
      ...task,
      output: 'text',
      fields: [{ ...task.fields[5], path: 'text', segments: [], nullable: false }],
    },
    arms: arms
      .slice(0, 5)
      .map((arm) => ({ ...arm, fields: [], graders, failed: arm.role === 'reference' ? 2 : 0 })),
    fields: [],
    coverage: { ...coverage, points: [], chosenThreshold: null, losslessCoverage: null },
  }
}

/** Ten training rows, nothing held out, no labels, no teacher's price, one arm. */
export function leastReport(): ReportData {
  return {
    ...withVerdict('not_enough_data', {
      moreRows: 190,
      reason: 'With 12 rows the interval is 31 points wide.',
    }),
    name: 'first-try',
    note: null,
    data: { ...data, evaluationRows: 12, labelledRows: 0, trainingRows: 10, validationRows: 0 },
    arms: arms
      .filter((arm) => arm.role === 'after')
      .map((arm) => ({ ...arm, priceUsdPer1000: null, latencyP95Ms: null })),
    comparisons: [],
    warnings: [],
    fields: [],
    training: {
      ...training,
      heldOutBy: 'nothing',
      curves: training.curves
        .slice(0, 1)
        .map((point) => ({ ...point, validationLoss: null, validationAccuracy: null })),
      overfitting: { detected: false, text: 'Nothing was held out, so learning by heart could not be seen.' },
      expectedCalibrationError: null,
      details: {},
      worth: '10 training rows are enough to try the whole path, and no more than that.',
    },
    generation: { ...generation, asked: 0, answered: 0, failed: 0, usd: null },
    curation: { candidates: 10, kept: 10, removed: [], leaks: [], balance: [], warnings: [] },
    coverage: { points: [], chosenThreshold: null, chosenOn: 'nothing', losslessCoverage: null },
    costs: {
      ...costs,
      lines: [],
      teacherUsd: null,
      breakEvenCalls: null,
      breakEvenText: 'The price of a call to the replaced arm is not known.',
    },
    worstRows: [],
    reproduce: { ...reproduce, inputs: {}, commands: [] },
    next: [],
  }
}
