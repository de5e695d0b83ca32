import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Tokenizer } from '@huggingface/tokenizers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyGguf, writeTinyModel, type TinyModelOptions } from '../../../../test/support/tiny-model.ts'
import { createRandom } from '../../../core/random.ts'
import { linearNames, type BaseModel, type LoraAdapter } from '../types.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { openBytes } from '../weights/byte-source.ts'
import { readGgufHead } from '../weights/gguf.ts'
import { readSafetensorsHead } from '../weights/safetensors.ts'
import { readStoredTensor } from '../weights/stored-tensor.ts'
import { linearShapes } from '../weights/tensor-shapes.ts'
import { f16, f32, q8Zero, type Encoding } from './encode-values.ts'
import { exportFormats, exportLm } from './export-lm.ts'
import { mergedModel } from './merged-model.ts'

let folder = ''
let counter = 0
const fresh = (): string => join(folder, String(counter++))
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-export-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A random adapter of every linear map, strong enough to change what the model says. */
function randomAdapter({ architecture }: BaseModel, rank = 4): LoraAdapter {
  const random = createRandom(7)
  const normals = (count: number): Float32Array =>
    Float32Array.from({ length: count }, () => 0.2 * random.normal())
  const shapes = linearShapes(architecture)
  const pairs = Array.from({ length: architecture.layers }, (_, layer) =>
    linearNames.map((name) => {
      const [out, inner] = shapes[name]
      return [`model.layers.${layer}.${name}`, { a: normals(rank * inner), b: normals(out * rank) }] as const
    }),
  ).flat()
  return { rank, alpha: 8, targets: linearNames, pairs: new Map(pairs) }
}

const families: readonly TinyModelOptions[] = [
  { family: 'llama', ropeScaling: true },
  { family: 'qwen2', tiedEmbeddings: false },
  { family: 'qwen3' },
]

/** What a value becomes when it is stored so. */
function throughStorage(data: Float32Array, shape: readonly number[], encoding: Encoding): Float32Array {
  if (shape.length === 1 || encoding === f32) return data
  const bytes = encoding.encode(data)
  const out = new Float32Array(data.length)
  const view = new DataView(bytes.buffer)
  const half = (at: number): number => halfOf(view.getUint16(at, true))
  for (let i = 0; i < data.length; i++) {
    const block = Math.floor(i / 32) * 34
    out[i] = encoding === f16 ? half(2 * i) : half(block) * view.getInt8(block + 2 + (i % 32))
  }
  return out
}

function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = (bits & 1023) / 1024
  const magnitude = exponent === 0 ? fraction * 2 ** -14 : (1 + fraction) * 2 ** (exponent - 15)
  return bits & 0x8000 ? -magnitude : magnitude
}

describe.each(families)('a merged export of $family', (options) => {
  it.each([
    ['safetensors', f32, ''],
    ['gguf-f16', f16, 'model-f16.gguf'],
    ['gguf-q8_0', q8Zero, 'model-q8_0.gguf'],
  ] as const)('as %s opens again as the same model, value by value', async (format, encoding, file) => {
    const base = await openBaseModel(await writeTinyModel(fresh(), options))
    const adapter = randomAdapter(base)
    const target = fresh()
    await exportLm(base, adapter, target, format)
    const again = await openBaseModel(join(target, file))
    expect(again.architecture).toEqual(base.architecture)
    expect(again.tokenizer).toMatchObject({
      tokenizer: base.tokenizer.tokenizer,
      chatTemplate: base.tokenizer.chatTemplate,
      endOfTurnIds: base.tokenizer.endOfTurnIds,
    })
    const merged = mergedModel(base, adapter)
    for (const name of base.tensorNames) {
      const { shape, data } = await merged.tensor(name)
      const found = await again.tensor(name)
      expect(found.shape).toEqual(shape)
      const expected = throughStorage(data, shape, encoding)
      expect({ name, same: found.data.every((value, i) => value === expected[i]) }).toEqual({
        name,
        same: true,
      })
    }
    await Promise.all([base.close(), again.close()])
  })
})

describe('merging', () => {
  it('adds alpha / rank * B A to each adapted map, and to nothing else', async () => {
    const base = await openBaseModel(await writeTinyModel(fresh()))
    const adapter = randomAdapter(base, 2)
    const merged = mergedModel(base, adapter)
    const name = 'model.layers.1.self_attn.k_proj'
    const { a, b } = adapter.pairs.get(name)!
    const before = (await base.tensor(`${name}.weight`)).data
    const after = (await merged.tensor(`${name}.weight`)).data
    const [out, inner, columns] = [5, 9, 32]
    const product = b[2 * out] * a[inner] + b[2 * out + 1] * a[columns + inner]
    const expected = before[out * columns + inner] + (8 / 2) * product
    expect(after[out * columns + inner]).toBeCloseTo(expected, 6)
    const norm = 'model.layers.1.input_layernorm.weight'
    expect((await merged.tensor(norm)).data).toEqual((await base.tensor(norm)).data)
    await base.close()
  })
})

describe('an adapter alone', () => {
  it('as PEFT has its pairs under the names that peft looks for', async () => {
    const base = await openBaseModel(await writeTinyModel(fresh()))
    const adapter = randomAdapter(base)
    const target = fresh()
    const files = await exportLm(base, adapter, target, 'peft')
    expect((await readdir(target)).sort()).toEqual([...files].sort())
    const source = await openBytes(join(target, 'adapter_model.safetensors'))
    const head = await readSafetensorsHead(source)
    expect(head.size).toBe(2 * adapter.pairs.size)
    const entry = head.get('base_model.model.model.layers.0.mlp.down_proj.lora_B.weight')
    if (entry === undefined || !('type' in entry)) throw new Error('there is no such tensor')
    expect(entry.shape).toEqual([32, 4])
    const { b } = adapter.pairs.get('model.layers.0.mlp.down_proj')!
    expect(await readStoredTensor(source, entry)).toEqual(b)
    await source.close()
    await base.close()
  })

  it("as GGUF has B's rows in the order of the base's", async () => {
    const base = await openBaseModel(await writeTinyModel(fresh()))
    const adapter = randomAdapter(base)
    const target = fresh()
    await exportLm(base, adapter, target, 'gguf-lora')
    const source = await openBytes(join(target, 'adapter-lora.gguf'))
    const head = await readGgufHead(source)
    expect(head.metadata.get('adapter.lora.alpha')).toBe(8)
    const stored = await readStoredTensor(source, head.tensors.get('blk.0.attn_q.weight.lora_b')!)
    const { b } = adapter.pairs.get('model.layers.0.self_attn.q_proj')!
    // Heads of 8 rows: GGUF's rows 0, 1, 2, 3 are rows 0, 4, 1, 5.
    const rows = [0, 4, 1, 5].flatMap((row) => [...b.subarray(row * 4, row * 4 + 4)])
    expect([...stored.subarray(0, 16)]).toEqual(rows)
    await source.close()
    await base.close()
  })
})

describe('a folder', () => {
  it.each(exportFormats)('that holds something is left as it is: %s', async (format) => {
    const path = await writeTinyModel(fresh())
    const base = await openBaseModel(path)
    await expect(exportLm(base, randomAdapter(base), path, format)).rejects.toMatchObject({
      code: 'FILE_EXISTS',
    })
    await base.close()
  })

  it('is not there, nor anything beside it, when a tensor cannot be read', async () => {
    const parent = fresh()
    const base = await openBaseModel(await writeTinyModel(fresh()))
    const broken: BaseModel = {
      ...base,
      tensor: (name) => (name.includes('layers.1') ? Promise.reject(new Error('disk')) : base.tensor(name)),
    }
    const exported = exportLm(broken, randomAdapter(base), join(parent, 'out'), 'gguf-f16')
    await expect(exported).rejects.toThrow('disk')
    expect(await readdir(parent)).toEqual([])
    await base.close()
  })

  it('is not begun when the adapter is of another base', async () => {
    const base = await openBaseModel(await writeTinyModel(fresh()))
    const other = await openBaseModel(await writeTinyModel(fresh(), { hiddenSize: 64 }))
    await expect(exportLm(base, randomAdapter(other), fresh(), 'peft')).rejects.toMatchObject({
      code: 'STUDENT_DAMAGED',
    })
    await Promise.all([base.close(), other.close()])
  })
})

const python = process.env['POTSTILL_TEST_PYTHON']
const run = promisify(execFile)

interface Answered {
  readonly logits: readonly number[]
  /** The greedy answer's tokens. */
  readonly answer: readonly number[]
}

interface Checked {
  readonly base: Answered
  readonly adapted: Answered
  readonly merged: Answered
  readonly tokens: Readonly<Record<'base' | 'merged' | 'peft', { ids: number[]; chat: string; eos: number }>>
  readonly llama?: Readonly<Record<'f16' | 'q8' | 'lora', Answered & { readonly ids: readonly number[] }>>
}

const farthest = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), a.length === b.length ? 0 : Infinity)

/** With POTSTILL_TEST_PYTHON, a Python with transformers and peft; llama.cpp is asked where llama_cpp is installed. */
describe.skipIf(python === undefined).each(families)('elsewhere, $family', (options) => {
  it('gives the logits and answers of the base with the adapter, in transformers, peft and llama.cpp', async () => {
    const folderOfBase = await writeTinyModel(fresh(), options)
    const base = await openBaseModel(folderOfBase)
    const adapter = randomAdapter(base)
    const paths = {
      peft: fresh(),
      safetensors: fresh(),
      'gguf-f16': fresh(),
      'gguf-q8_0': fresh(),
      'gguf-lora': fresh(),
    }
    for (const format of exportFormats) await exportLm(base, adapter, paths[format], format)
    const text = '<|im_start|>user\nthe order  12 has ½ arrived<|im_end|>\n'
    const tokenizer = new Tokenizer(base.tokenizer.tokenizer, base.tokenizer.config)
    const { ids } = tokenizer.encode(text, { add_special_tokens: false })
    const job = {
      text,
      ids,
      base: folderOfBase,
      baseGguf: await writeTinyGguf(`${fresh()}.gguf`, options),
      peft: paths.peft,
      merged: paths.safetensors,
      f16: join(paths['gguf-f16'], 'model-f16.gguf'),
      q8: join(paths['gguf-q8_0'], 'model-q8_0.gguf'),
      lora: join(paths['gguf-lora'], 'adapter-lora.gguf'),
    }
    const script = 'test/support/check-exports.py'
    const { stdout } = await run(python ?? '', [script, JSON.stringify(job)], { maxBuffer: 2 ** 28 })
    const found = JSON.parse(stdout) as Checked
    const { logits: wanted, answer } = found.adapted
    const size = Math.max(...wanted.map(Math.abs))
    expect(farthest(found.base.logits, wanted)).toBeGreaterThan(0.1 * size)
    expect(farthest(found.merged.logits, wanted)).toBeLessThan(1e-4 * size)
    expect(found.merged.answer).toEqual(answer)
    for (const { ids: theirs, chat, eos } of Object.values(found.tokens)) {
      expect({ theirs, eos }).toEqual({ theirs: ids, eos: 2 })
      expect(chat).toBe('<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n')
    }
    const llama = Object.entries(found.llama ?? {})
    const limits: Readonly<Record<string, number>> = { lora: 0.01, f16: 0.01, q8: 0.1 }
    const distances = llama.map(([kind, { logits }]) => ({
      kind,
      far: farthest(logits, wanted) / size,
    }))
    expect(distances.filter(({ kind, far }) => !(far < limits[kind]))).toEqual([])
    expect(llama.map(([, theirs]) => theirs.ids)).toEqual(llama.map(() => ids))
    const exact = llama.filter(([kind]) => kind !== 'q8')
    expect(exact.map(([, theirs]) => theirs.answer)).toEqual(exact.map(() => answer))
    await base.close()
  })
})
