import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bf16, f16, q8Zero } from '../export/encode-values.ts'
import { ggufTypes, halfTable } from './stored-types.ts'

interface Recorded {
  readonly type: string
  /** Base64 of the stored bytes, and of the values as little-endian F32. */
  readonly stored: string
  readonly values: string
}

/** Made with the `gguf` package by test/support/record-ggml-blocks.py. */
const recording = JSON.parse(readFileSync('test/support/ggml-blocks.json', 'utf8')) as {
  readonly decoded: readonly Recorded[]
  readonly encoded: readonly Recorded[]
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'))
const floatsOf = (text: string): Float32Array => new Float32Array(bytesOf(text).buffer)
/** So that zeros of both signs and infinities are compared too. */
const bitsOf = (values: Float32Array): number[] => [...new Uint32Array(values.buffer, 0, values.length)]

describe('stored weights', () => {
  it.each(recording.decoded)('are read bit for bit as the gguf package reads them: $type', (recorded) => {
    const type = [...ggufTypes.values()].find(({ name }) => name === recorded.type)
    if (type === undefined) throw new Error(`${recorded.type} is not read`)
    const stored = bytesOf(recorded.stored)
    const blocks = stored.length / type.bytes
    const out = new Float32Array(blocks * type.values)
    type.decode(stored, out, blocks)
    expect(bitsOf(out)).toEqual(bitsOf(floatsOf(recorded.values)))
  })

  it.each(recording.encoded)(
    'are written byte for byte as the gguf package writes them: $type',
    (recorded) => {
      const encoding = [f16, bf16, q8Zero].find(({ name }) => name === recorded.type)
      expect([...(encoding?.encode(floatsOf(recorded.values)) ?? [])]).toEqual([...bytesOf(recorded.stored)])
    },
  )

  it('come back from half precision, each of its numbers', () => {
    const numbers = halfTable()
    const bits = new Uint16Array(f16.encode(numbers).buffer)
    const changed = [...bits.keys()].filter((i) => bits[i] !== i && !Number.isNaN(numbers[i]))
    expect(changed).toEqual([])
  })

  it('read NaN as NaN', () => {
    expect(halfTable()[0x7e01]).toBeNaN()
    expect([...new Uint16Array(f16.encode(Float32Array.of(NaN)).buffer)]).toEqual([0x7e00])
    expect(
      [...new Uint16Array(bf16.encode(Float32Array.of(NaN)).buffer)].map((word) => word & 0x7fc0),
    ).toEqual([0x7fc0])
  })
})
