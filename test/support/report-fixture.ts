/** A realistic report: six arms simulated on 200 rows of an invented help desk, so that its figures agree. */
import type { Json, JsonObject } from '../../src/core/json.ts'
import type { JournalEntry, ReportData } from '../../src/core/report-data.ts'
import {
  arms,
  asIf,
  compare,
  coveragePoints,
  curveOf,
  detailOf,
  fields,
  losslessCoverage,
  rowCount,
  threshold,
  values,
} from './report-simulation.ts'

const priorityLine =
  'Morning all. Nothing has synced from the Leeds office since the update last night (job #48213), and payroll has to go out at three.\nWe can get by on the old copies until lunch, not longer.'

const worstRows: ReportData['worstRows'] = [
  worst(
    'e0031',
    priorityLine,
    0.41,
    ['intent', 'urgency'],
    {
      intent: 'sync_failure',
      product: 'sync',
      urgency: 'critical',
      sentiment: 'neutral',
      needs_human: true,
      reference: '#48213',
    },
    { intent: 'install_update', urgency: 'high' },
    { urgency: 'high' },
  ),
  worst(
    'e0112',
    'lovely tool, but could the exports please keep my folder names? happy to wait :)',
    0.38,
    ['intent'],
    {
      intent: 'feature_request',
      product: 'backup',
      urgency: 'low',
      sentiment: 'positive',
      needs_human: false,
      reference: null,
    },
    { intent: 'how_to' },
    { urgency: 'normal' },
  ),
  worst(
    'e0178',
    'Invoice LK-2291 shows two charges for one seat. Please put that right, the "discount" <b>never</b> arrived either.',
    0.55,
    ['reference', 'sentiment'],
    {
      intent: 'billing_charge',
      product: 'billing',
      urgency: 'normal',
      sentiment: 'negative',
      needs_human: false,
      reference: 'LK-2291',
    },
    { reference: 'Invoice LK-2291', sentiment: 'neutral' },
    {},
  ),
]

function worst(
  rowId: string,
  input: string,
  confidence: number,
  wrongFields: readonly string[],
  expected: JsonObject,
  after: JsonObject,
  withoutGuide: JsonObject,
): ReportData['worstRows'][number] {
  return {
    rowId,
    input,
    expected,
    confidence,
    wrongFields,
    answers: [
      { arm: 'teacher', value: expected },
      { arm: 'teacher-without-guide', value: { ...expected, ...withoutGuide } },
      { arm: 'student-after', value: { ...expected, ...after } },
    ],
  }
}

const details: Readonly<Record<string, Json>> = {
  vocabulary: 21840,
  hiddenUnits: 256,
  blend: { intent: 0.62, product: 0.55, urgency: 0.7 },
  temperature: 1.24,
}

export const reportFixture: ReportData = {
  format: 1,
  name: 'support-desk',
  note: 'First round on the messages of October; the label guide is the one that the desk agreed on.',
  run: {
    id: '2026-11-25-0310-k3f9',
    folder: '.potstill/runs/2026-11-25-0310-k3f9',
    startedAt: '2026-11-25T03:10:02.114Z',
    finishedAt: '2026-11-25T03:10:40.502Z',
    seconds: 38.388,
    seed: 1,
    potstill: '0.1.0',
    node: 'v20.20.0',
    platform: 'linux x64',
    processor: 'AMD EPYC 7B13, 2 cores',
  },
  task: {
    input: 'message',
    prompt: 'Sort the message for the help desk. Answer in JSON.',
    output: 'json',
    fields,
  },
  data: {
    evaluationRows: rowCount,
    labelledRows: 79,
    unlabelledRows: 900,
    trainingRows: 866,
    validationRows: 97,
    evaluationFrom: '200 rows of data/evaluation.jsonl',
  },
  arms,
  comparisons: [
    compare('student-after', 'student-before'),
    compare('student-after', 'teacher-without-guide'),
    compare('student-after', 'teacher'),
    compare('student-with-teacher', 'teacher-without-guide'),
  ],
  verdict: {
    verdict: 'ship',
    replaces: 'teacher-without-guide',
    metric: 'score',
    marginPoints: 2,
    reason:
      'The student scores 2.8 points above teacher-without-guide; even the low end of the 95 % interval, +0.9 points, is well above the 2 points below it that are allowed.',
    worseFields: [{ path: 'intent', difference: -0.06, interval: [-0.112, -0.008] }],
  },
  warnings: [
    'The answers of teacher and teacher-without-guide are recorded: they have no latency, and their price is worked out as if openai/gpt-6-sol had given them.',
    '97 validation rows are few: the threshold could move by several points with other rows.',
  ],
  fields: fields.slice(0, 5).map((item, index) => detailOf(item.path, index)),
  training: {
    kind: 'micro',
    seconds: 21.4,
    heldOutBy: 'validation rows',
    curves: [...curveOf('classifier', 15, 11, 2.3, 0.31), ...curveOf('tagger', 8, 8, 0.42, 0.05)],
    overfitting: {
      detected: true,
      text: 'From epoch 11 on the held-out loss of the classifier rose while its training loss still fell: it had begun to learn rows by heart, so epoch 11 is kept.',
    },
    interrupted: false,
    expectedCalibrationError: 0.036,
    sizeBytes: 4_130_000,
    details,
    worth: null,
  },
  generation: {
    model: 'recorded/with-guide',
    source: 'recorded',
    asked: 900,
    answered: 897,
    failed: 3,
    fromCallLog: 0,
    usd: 5.592,
    usdBasis: asIf,
  },
  curation: {
    candidates: 979,
    kept: 963,
    removed: [
      { reason: 'failed', rows: 3, meaning: 'No answer came, after every retry.' },
      {
        reason: 'near_duplicate',
        rows: 9,
        meaning: 'More than 85 % of its word triples are in a row already kept.',
      },
      { reason: 'leak_near', rows: 2, meaning: 'Too near to a row that the student is tested on.' },
      { reason: 'conflict', rows: 2, meaning: 'The same message was labelled in two ways by people.' },
    ],
    leaks: [
      {
        rowId: 'm0112',
        evaluationRowId: 'e0044',
        reason: 'leak_near',
        similarity: 0.912,
        text: 'Hi, we cannot sign in to the backup portal since this morning, code never arrives',
      },
      {
        rowId: 'm0790',
        evaluationRowId: 'e0183',
        reason: 'leak_near',
        similarity: 0.874,
        text: 'Could you move our plan from 15 seats to 12 before the renewal in June please',
      },
    ],
    balance: fields.slice(0, 5).map((item) => ({
      path: item.path,
      values: (values[item.path] ?? [false, true]).map((value, index, all) => ({
        value: JSON.stringify(value),
        rows: Math.round((963 / all.length) * (1.5 - index / all.length)),
      })),
    })),
    warnings: ['security_incident occurs only 12 times among the training rows: too few to learn it well.'],
  },
  coverage: {
    points: coveragePoints(),
    chosenThreshold: threshold,
    chosenOn: '97 validation rows',
    losslessCoverage: losslessCoverage(),
  },
  costs: {
    lines: arms.map((arm) => ({
      arm: arm.name,
      role: arm.role,
      usdPer1000: arm.priceUsdPer1000,
      basis: arm.priceBasis,
      latencyP50Ms: arm.latencyP50Ms,
      latencyP95Ms: arm.latencyP95Ms,
    })),
    usdPerCoreHour: 0.04,
    teacherUsd: 5.592,
    trainingUsd: 0.00048,
    breakEvenCalls: 2990,
    breakEvenText:
      '($5.592 for the teacher’s answers + $0.0005 of training) / ($0.001873 − $0.0000023 saved on each call) = 2,990 calls.',
    pricesAsOf: '2026-11-01',
  },
  worstRows,
  terms: {
    model: 'openai/gpt-6-sol',
    status: 'restricted',
    text: 'Answers may not be used to develop models that compete with the provider. A narrow classifier for your own product is usually not one, but read the terms.',
    url: 'https://openai.com/policies/terms-of-use',
  },
  reproduce: {
    commands: ['potstill run examples/support-desk/potstill.yaml --seed 1'],
    inputs: {
      'potstill.yaml': '4be0c1cf5ad5ab1f3a6c9ffb1f3a6c0d7e7b5af4f0a34ee36b09f1b2f3c4d5e6',
      'data/evaluation.jsonl': '9a7d1c55e2bb30f14cf76d21a7d0e8f9c1b2a3948576e5d4c3b2a1908f7e6d5c',
      'data/messages.jsonl': '0c2f6e8ad91b4c7e5f3a2d1c0b9e8f7a6d5c4b3a29180f7e6d5c4b3a2918f0e1',
    },
    config:
      'name: support-desk\ntask:\n  input: message\n  prompt: prompts/triage.md\n  output: schema.json\nteacher:\n  model: recorded/with-guide\n  prompt: prompts/label-guide.md\nstudent:\n  kind: micro\nverdict:\n  replaces: teacher-without-guide\n  marginPoints: 2\n',
    studentHash: 'b3f0d6c29c0f1a7be4d25f8a6c3e1b09d7f5a2c4e6b8d0f1a3c5e7b9d1f3a5c7',
  },
  next: [
    'Give 300 more messages about security_incident and outage_report to the teacher: these values have the fewest training rows and most of the errors.',
    'Serve it: potstill serve support-desk puts the student behind the OpenAI-compatible endpoint that your application already calls.',
    'Keep the teacher for the third of the calls that the student is least sure of, if the last point matters more than the price.',
  ],
}

export const journalFixture: readonly JournalEntry[] = [
  {
    at: '2026-11-25T03:10:02.300Z',
    step: 'evaluate',
    text: 'Measured teacher, teacher-without-guide, most-frequent and student-before on 200 evaluation rows.',
    settings: { rows: 200, graders: ['per field', 'exact match'] },
    figures: { teacher: 0.9853, 'student-before': 0.6312, failed: 0 },
    command: 'potstill evaluate potstill.yaml',
  },
  {
    at: '2026-11-25T03:10:16.821Z',
    step: 'train',
    text: 'Trained support-desk@2 (micro) on 866 rows; 97 held out.',
    settings: { epochs: 15, seed: 1, blend: { intent: 0.62 } },
    figures: { bestEpoch: 11, seconds: 21.4, sizeBytes: 4130000 },
    command: 'potstill train potstill.yaml --seed 1',
  },
]
