/** A published tokenizer, with POTSTILL_TEST_MODEL (a GGUF file or a folder) and POTSTILL_TEST_PYTHON (with transformers). */
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { fixtureConversations, fixtureTexts } from '../../../../test/support/fixture-tokenizer.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { createChatEncoder, promptIds } from './encode-conversation.ts'

const model = process.env['POTSTILL_TEST_MODEL']
const python = process.env['POTSTILL_TEST_PYTHON']

describe.skipIf(model === undefined || python === undefined)('a published tokenizer', () => {
  it('gives the ids that transformers gives, for texts and conversations', async () => {
    const base = await openBaseModel(model ?? '')
    const encoder = createChatEncoder(base.tokenizer)
    await base.close()
    const { stdout, stderr, status } = spawnSync(
      python ?? '',
      ['bench/lm-text-reference.py', 'encode', model ?? ''],
      {
        input: JSON.stringify({ texts: fixtureTexts, conversations: fixtureConversations }),
        encoding: 'utf8',
        maxBuffer: 2 ** 26,
      },
    )
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
    const expected = JSON.parse(stdout) as { texts: number[][]; conversations: number[][] }
    const named = (ids: readonly (readonly number[])[]) =>
      ids.map((list, index) => [fixtureTexts[index], list])
    const ours = fixtureTexts.map((text) => Array.from(encoder.tokenizer.encode(text)))
    expect(named(ours)).toEqual(named(expected.texts))
    expect(fixtureConversations.map((messages) => Array.from(promptIds(encoder, messages)))).toEqual(
      expected.conversations,
    )
  })
})
