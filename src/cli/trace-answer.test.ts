import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { aCall, aCapture } from '../../test/support/store-conformance.ts'
import { openStore } from '../store/sqlite-store.ts'
import { traceAnswer } from './trace-answer.ts'

const data = mkdtempSync(join(tmpdir(), 'potstill-trace-'))
const store = openStore(data)
afterAll(async () => {
  await store.close()
  rmSync(data, { recursive: true, force: true })
})

function write(path: string, content: unknown): void {
  const file = join(data, path)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
}

it("leads a student's answer back to its rows and what they cost", async () => {
  const run = 'runs/support-desk/3'
  write(`${run}/run.json`, { id: 'support-desk/3', name: 'support-desk', number: 3 })
  const training = { rows: 4, labelled: 1, hash: 'abc' }
  write(`${run}/train/student/manifest.json`, { kind: 'micro', name: 'support-desk', version: 3, training })
  write(`${run}/curate/manifest.json`, { inputsHash: 'x', files: ['training.jsonl'] })
  const rows = [{ callKey: 'a' }, { callKey: 'b' }, { callKey: 'b' }, {}]
  write(`${run}/curate/training.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  await store.commitCall(aCall({ key: 'a', model: 'openai/teacher', priceUsd: 0.5 }))
  await store.commitCall(aCall({ key: 'b', model: 'openai/teacher', priceUsd: 0.25 }))
  await store.commitCapture(aCapture({ why: 'newest student' }))
  expect(await traceAnswer(store, data, 'chatcmpl-1')).toMatchObject({
    answeredBy: 'student/support-desk@3',
    why: 'newest student',
    student: {
      run: 'support-desk/3',
      rows: 4,
      labelled: 1,
      paidRows: 2,
      rowsUsd: 0.75,
      teachers: ['openai/teacher'],
      file: join(data, run, 'curate/training.jsonl'),
    },
    job: null,
  })
})

it('knows the job of a fine-tuned model, and what a provider took', async () => {
  await store.putRecord({
    kind: 'model',
    id: 'ft:micro::x',
    parent: null,
    createdAtMs: 1,
    body: { job: 'ftjob-1' },
  })
  await store.commitCapture(aCapture({ id: 'chatcmpl-2', answeredBy: 'ft:micro::x' }))
  expect(await traceAnswer(store, data, 'chatcmpl-2')).toMatchObject({ job: 'ftjob-1', student: null })
  await store.commitCapture(aCapture({ id: 'chatcmpl-3', answeredBy: 'openai/x', priceUsd: 0.1 }))
  expect(await traceAnswer(store, data, 'chatcmpl-3')).toMatchObject({
    priceUsd: 0.1,
    student: null,
    job: null,
  })
})

it('says that nothing was kept under an id', async () => {
  await expect(traceAnswer(store, data, 'chatcmpl-4')).rejects.toMatchObject({ code: 'DATA_NOT_FOUND' })
})
