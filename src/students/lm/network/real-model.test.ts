import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { linearNames } from '../types.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { adapterLayout } from './adapter-layout.ts'
import { openNetwork } from './network.ts'

/** A GGUF file, and a Python with torch, transformers and gguf. */
const { POTSTILL_TEST_MODEL: model = '', POTSTILL_TEST_PYTHON: python = '' } = process.env

const ids = [1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 30, 2, 198, 1, 4093, 198, 504, 3575]

it.skipIf(model === '' || python === '')(
  'gives the logits of transformers within 2e-3, from GGUF and from safetensors',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'potstill-logits-'))
    try {
      execFileSync(python, ['test/support/record-logits.py', model, folder, JSON.stringify(ids)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const bytes = await readFile(join(folder, 'logits.f32'))
      const expected = new Float32Array(Uint8Array.from(bytes).buffer)
      for (const path of [model, join(folder, 'model')]) {
        const logits = await logitsOf(path, folder)
        expect(logits).toHaveLength(expected.length)
        const largest = expected.reduce((max, value, i) => Math.max(max, Math.abs(value - logits[i])), 0)
        expect(largest).toBeLessThan(2e-3)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
)

async function logitsOf(path: string, cache: string): Promise<Float32Array> {
  const base = await openBaseModel(path, { cache })
  const layout = adapterLayout(base.architecture, { rank: 1, alpha: 1, targets: linearNames })
  const network = await openNetwork(base, layout, new Float32Array(layout.size), {
    keepMerged: false,
    keepActivations: false,
  })
  try {
    return await network.logits({
      shape: { shared: 0, rows: 1, length: ids.length },
      ids: Int32Array.from(ids),
    })
  } finally {
    await network.close()
    await base.close()
  }
}
