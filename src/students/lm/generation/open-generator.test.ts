import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeTinyModel } from '../../../../test/support/tiny-model.ts'
import { createTokenizer } from '../text/tokenizer.ts'
import type { BaseModel } from '../types.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { openGenerator, openLocalGenerator } from './open-generator.ts'

let folder = ''
let base: BaseModel

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-open-generator-'))
  base = await openBaseModel(await writeTinyModel(folder))
})

afterAll(async () => {
  await base.close()
  await rm(folder, { recursive: true })
})

const zeros = new Float32Array(64)
const pairs = new Map([['model.layers.0.self_attn.q_proj', { a: zeros, b: zeros }]])
const adapter = { rank: 2, alpha: 4, targets: ['self_attn.q_proj'], pairs } as const

it('answers in a child process as in this one, with streaming, scoring and cancelling', async () => {
  const prompt = createTokenizer(base.tokenizer).encode('Tell me about it')
  const request = { prompt, maxTokens: 15, temperature: 0, seed: 1 }
  const settings = { base, adapter, weights: 'int8', threads: 1 } as const
  const [child, local] = [await openGenerator(settings), await openLocalGenerator(settings)]
  try {
    const pieces: string[] = []
    const answer = await child.generate(request, { onText: (text) => pieces.push(text) })
    expect(answer).toEqual(await local.generate(request))
    expect(pieces.join('')).toBe(answer.text)
    const continuation = Int32Array.from(answer.tokens)
    expect(await child.score(prompt, continuation)).toEqual(await local.score(prompt, continuation))
    const abort = new AbortController()
    const reason = new Error('enough')
    const cancelled = child.generate(
      { ...request, maxTokens: 4000 },
      { signal: abort.signal, onText: () => abort.abort(reason) },
    )
    await expect(cancelled).rejects.toBe(reason)
    await expect(child.generate({ ...request, prompt: new Int32Array(0) })).rejects.toMatchObject({
      code: 'MODEL_REQUEST_REFUSED',
    })
  } finally {
    await Promise.all([child.close(), local.close()])
  }
})

it('refuses weights that have changed, and an adapter that does not fit', async () => {
  const settings = { base: { ...base, sha256: '0'.repeat(64) }, adapter: null, weights: 'int8' } as const
  await expect(openGenerator(settings)).rejects.toMatchObject({
    code: 'MODEL_FILE_INVALID',
    message: `${base.path} has changed since it was opened`,
  })
  const misfit = { ...adapter, rank: 3 }
  await expect(openGenerator({ ...settings, base, adapter: misfit })).rejects.toMatchObject({
    code: 'STUDENT_DAMAGED',
  })
})
