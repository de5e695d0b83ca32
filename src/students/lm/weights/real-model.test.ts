/** A published model, with POTSTILL_TEST_MODEL (a GGUF file) and POTSTILL_TEST_PYTHON (with transformers and gguf). */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { openBaseModel } from './base-model.ts'

const file = process.env['POTSTILL_TEST_MODEL']
const python = process.env['POTSTILL_TEST_PYTHON']
const run = promisify(execFile)

describe.skipIf(file === undefined || python === undefined)('a published GGUF file', () => {
  it('has the weights that transformers reads from it, bit for bit', async () => {
    const model = await openBaseModel(file ?? '')
    const ours: Record<string, [readonly number[], string]> = {}
    for (const name of model.tensorNames) {
      const { shape, data } = await model.tensor(name)
      ours[name] = [shape, createHash('sha256').update(new Uint8Array(data.buffer)).digest('hex')]
    }
    await model.close()
    const { stdout } = await run(python ?? '', ['test/support/hash-weights.py', file ?? ''], {
      maxBuffer: 2 ** 26,
    })
    const theirs = JSON.parse(stdout) as Record<string, unknown>
    // Transformers lists the projection to the vocabulary also where it is the embedding.
    if (model.architecture.tiedEmbeddings) delete theirs['lm_head.weight']
    expect(ours).toEqual(theirs)
  })
})
