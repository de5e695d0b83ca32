/** Broken and malicious files: every one ends in an error that names it, without a large allocation. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyGguf, writeTinyModel } from '../../../../test/support/tiny-model.ts'
import { PotstillError } from '../../../core/errors.ts'
import { f32, type Encoding } from '../export/encode-values.ts'
import { ggufChunks, type GgufField } from '../export/gguf-writer.ts'
import { openBaseModel } from './base-model.ts'
import { openBytes } from './byte-source.ts'
import { readGgufHead } from './gguf.ts'
import { readSafetensorsHead } from './safetensors.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-hostile-'))
})
afterAll(() => rm(folder, { recursive: true }))

const u64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
const text = (value: string): Buffer => Buffer.concat([u64(value.length), Buffer.from(value)])

/** What reading gives as "CODE message", or "read". */
async function outcome(
  bytes: Uint8Array,
  read: typeof readGgufHead | typeof readSafetensorsHead,
): Promise<string> {
  const path = join(folder, 'file')
  await writeFile(path, bytes)
  const source = await openBytes(path)
  try {
    await read(source)
    return 'read'
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error
    return `${error.code} ${error.message.replace(path, 'file')}`
  } finally {
    await source.close()
  }
}

describe('a GGUF head', () => {
  const head = (tensors: number | bigint, pairs: number | bigint, ...rest: Buffer[]): Buffer =>
    Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors), u64(pairs), ...rest])
  const tensor = (
    dimensions: number,
    sizes: (number | bigint)[],
    type: number,
    offset: number | bigint,
  ): Buffer => Buffer.concat([text('t'), u32(dimensions), ...sizes.map(u64), u32(type), u64(offset)])
  const room = Buffer.alloc(4096)

  it.each([
    ['without its mark', Buffer.from('PK\u0003\u0004 some archive'), /INVALID file is no GGUF file/],
    ['that is empty', Buffer.alloc(0), /INVALID file ends too early: its head is cut at byte 0/],
    [
      'of another version',
      Buffer.concat([Buffer.from('GGUF'), u32(9)]),
      /UNSUPPORTED file is GGUF version 9/,
    ],
    [
      'with too many tensors',
      head(2n ** 60n, 0, room),
      /claims to have 1152921504606846976 tensors|holds the size/,
    ],
    ['with more pairs than bytes', head(0, 5000, room), /claims to have 5000 metadata entries/],
    [
      'with a key longer than the file',
      head(0, 1, u64(2 ** 40), room),
      /claims to have 1099511627776 bytes of text/,
    ],
    [
      'with an array of billions',
      head(0, 1, text('key'), u32(9), u32(4), u64(4_000_000_000), room),
      /claims to have 4000000000 elements of key/,
    ],
    [
      'with arrays in arrays without end',
      head(0, 1, text('key'), u32(9), u32(9), u64(1), u32(9), u64(1), u32(9), u64(1), room),
      /key has the type 9/,
    ],
    ['with an unknown type of value', head(0, 1, text('key'), u32(77), room), /key has the type 77/],
    [
      'with nine dimensions',
      head(1, 0, tensor(9, Array<number>(9).fill(1), 0, 0), room),
      /t has 9 dimensions/,
    ],
    [
      'with a product beyond counting',
      head(1, 0, tensor(3, [2 ** 40, 2 ** 40, 32], 0, 0), room),
      /t has the shape \[32, 1099511627776, 1099511627776\]/,
    ],
    [
      'with rows that fill no block',
      head(1, 0, tensor(1, [33], 8, 0), room),
      /t has the shape \[33\] as Q8_0/,
    ],
    [
      'of an unread type',
      head(1, 0, tensor(1, [256], 12, 0), room),
      /UNSUPPORTED file stores t as Q4_K; F32, /,
    ],
    ['that ends before its tensor', head(1, 0, tensor(1, [8192], 0, 0), room), /t reaches to byte/],
    ['with an offset beyond the end', head(1, 0, tensor(1, [8], 0, 2 ** 50), room), /t reaches to byte/],
    ['with a crooked offset', head(1, 0, tensor(1, [8], 0, 4), room), /t is not aligned/],
    [
      'with one tensor twice',
      head(2, 0, tensor(1, [8], 0, 0), tensor(1, [8], 0, 32), room),
      /it has t twice/,
    ],
  ])('%s is refused', async (_, bytes, said) => {
    expect(await outcome(bytes, readGgufHead)).toMatch(said)
  })

  it('with tensors that share bytes is refused', async () => {
    const other = Buffer.concat([text('other'), u32(1), u64(8), u32(0), u64(0)])
    const bytes = head(2, 0, tensor(1, [16], 0, 0), other, room)
    expect(await outcome(bytes, readGgufHead)).toMatch(/share bytes/)
  })

  it('cut anywhere is refused, and never read as something else', async () => {
    const whole = await readFile(await writeTinyGguf(join(folder, 'whole.gguf')))
    for (const length of [3, 7, 20, 100, 1000, 5000, whole.length - 200_000, whole.length - 33]) {
      expect(await outcome(whole.subarray(0, length), readGgufHead)).toMatch(/^MODEL_FILE_INVALID/)
    }
  })

  it('with bytes changed at random opens or is refused, and nothing else', async () => {
    const whole = await readFile(await writeTinyGguf(join(folder, 'fuzzed.gguf')))
    const path = join(folder, 'mutant.gguf')
    const change = fc.tuple(fc.nat({ max: 12_000 }), fc.nat({ max: 255 }))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Buffer.from(whole)
        for (const [at, byte] of changes) bytes[at] = byte
        await writeFile(path, bytes)
        const model = await openBaseModel(path).catch((error: unknown) => {
          if (error instanceof PotstillError) return null
          throw error
        })
        await model?.close()
      }),
      { numRuns: 300 },
    )
  })
})

describe('GGUF metadata', () => {
  const tinyFields: Readonly<Record<string, GgufField>> = {
    'general.architecture': { type: 'text', value: 'llama' },
    'llama.embedding_length': { type: 'u32', value: 32 },
    'llama.attention.head_count': { type: 'u32', value: 0 },
  }
  const write = async (metadata: Readonly<Record<string, GgufField>>): Promise<string> => {
    const path = join(folder, 'metadata.gguf')
    const encoding: Encoding = f32
    const tensors = [
      {
        name: 'token_embd.weight',
        shape: [4, 32],
        encoding,
        read: () => Promise.resolve(new Float32Array(128)),
      },
    ]
    const chunks: Uint8Array[] = []
    for await (const chunk of ggufChunks({ metadata, tensors })) chunks.push(chunk)
    await writeFile(path, Buffer.concat(chunks))
    return path
  }

  it.each([
    [{}, 'MODEL_UNSUPPORTED', /names the architecture "nothing"/],
    [
      { 'general.architecture': { type: 'text', value: 'gemma' } },
      'MODEL_UNSUPPORTED',
      /"gemma"; llama, qwen2/,
    ],
    [tinyFields, 'MODEL_FILE_INVALID', /has no number llama\.block_count/],
    [
      { ...tinyFields, 'llama.expert_count': { type: 'u32', value: 8 } },
      'MODEL_UNSUPPORTED',
      /has llama\.expert_count: 8/,
    ],
    [
      { ...tinyFields, 'llama.rope.scaling.type': { type: 'text', value: 'linear' } },
      'MODEL_UNSUPPORTED',
      /llama\.rope\.scaling\.type: "linear"/,
    ],
  ] as const)('that does not fit is refused: %o', async (metadata, code, said) => {
    await expect(openBaseModel(await write(metadata as Record<string, GgufField>))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(said) as string,
    })
  })
})

describe('a safetensors head', () => {
  const file = (head: unknown, bytes = 64): Buffer => {
    const json = Buffer.from(typeof head === 'string' ? head : JSON.stringify(head))
    return Buffer.concat([u64(json.length), json, Buffer.alloc(bytes)])
  }
  const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32'): object => ({
    dtype,
    shape,
    data_offsets: offsets,
  })

  it.each([
    ['shorter than its length', Buffer.from([1, 2]), /ends too early/],
    ['with a length of exabytes', Buffer.concat([u64(2n ** 62n), Buffer.alloc(64)]), /its head would be/],
    ['that is no JSON', file('{"a": '), /its head is not JSON/],
    ['that is a list', file('[]'), /its head is no object/],
    ['without a shape', file({ a: { dtype: 'F32' } }), /a has no dtype, shape and data_offsets/],
    ['with a negative size', file({ a: entry([-1], [0, 4]) }), /a has no dtype/],
    ['with a size that is no whole number', file({ a: entry([1.5], [0, 6]) }), /a has no dtype/],
    [
      'with a wrong count of bytes',
      file({ a: entry([4], [0, 8]) }),
      /8 bytes for F32 of shape \[4\], which takes 16/,
    ],
    ['with a place beyond the end', file({ a: entry([4], [1000, 1016]) }), /a reaches to byte/],
    ['with turned offsets', file({ a: entry([0], [8, 4]) }), /-4 bytes/],
    [
      'with tensors that share bytes',
      file({ a: entry([4], [0, 16]), b: entry([4], [8, 24]) }),
      /a and b share bytes/,
    ],
  ])('%s is refused', async (_, bytes, said) => {
    const said_ = await outcome(bytes, readSafetensorsHead)
    expect(said_).toMatch(/^MODEL_FILE_INVALID/)
    expect(said_).toMatch(said)
  })

  it('of a type that is not read is refused only where the tensor is needed', async () => {
    const path = await writeTinyModel(join(folder, 'typed'))
    const weights = join(path, 'model.safetensors')
    const bytes = await readFile(weights)
    // A type of the same length, so that no place moves.
    const at = bytes.indexOf('"dtype":"F32"')
    bytes.write('"dtype":"I32"', at)
    await writeFile(weights, bytes)
    await expect(openBaseModel(path)).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(
        /stores model\.embed_tokens\.weight as I32; F32, F16, BF16 are read/,
      ) as string,
    })
  })
})
