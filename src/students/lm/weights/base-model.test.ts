import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeTinyGguf, writeTinyModel } from '../../../../test/support/tiny-model.ts'
import { writeWhole } from '../../../core/write-whole.ts'
import { bf16, f16, f32 } from '../export/encode-values.ts'
import { safetensorsChunks } from '../export/safetensors-writer.ts'
import type { BaseModel } from '../types.ts'
import { openBaseModel } from './base-model.ts'

let folder = ''
let counter = 0
const fresh = (): string => join(folder, String(counter++))
const cacheAt = (): string => join(folder, 'cache')
const open = (path: string): Promise<BaseModel> => openBaseModel(path, { cache: cacheAt() })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-weights-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function allTensors(model: BaseModel): Promise<Map<string, string>> {
  const entries = new Map<string, string>()
  for (const name of model.tensorNames) {
    const { shape, data } = await model.tensor(name)
    entries.set(
      name,
      `${shape.join('x')} ${createHash('sha1').update(new Uint8Array(data.buffer)).digest('hex')}`,
    )
  }
  return entries
}

/** Changes one JSON file of a fresh tiny model. */
async function tinyWith(name: string, change: (file: Record<string, unknown>) => unknown): Promise<string> {
  const path = await writeTinyModel(fresh())
  const file = JSON.parse(await readFile(join(path, name), 'utf8')) as Record<string, unknown>
  await writeFile(join(path, name), JSON.stringify(change(file)))
  return path
}

describe('openBaseModel', () => {
  it.each([
    { family: 'llama', ropeScaling: true },
    { family: 'llama', tiedEmbeddings: false, preTokenizer: 'llama-bpe' },
    { family: 'qwen2' },
    { family: 'qwen3' },
  ] as const)('gives the same model from a folder and from GGUF: %o', async (options) => {
    const fromFolder = await open(await writeTinyModel(fresh(), options))
    const fromGguf = await open(await writeTinyGguf(`${fresh()}.gguf`, options))
    expect(fromGguf.architecture).toEqual(fromFolder.architecture)
    expect(fromGguf.tensorNames).toEqual(fromFolder.tensorNames)
    expect(await allTensors(fromGguf)).toEqual(await allTensors(fromFolder))
    const { tokenizer, chatTemplate, endOfTurnIds } = fromFolder.tokenizer
    expect(fromGguf.tokenizer.tokenizer).toEqual(tokenizer)
    expect(fromGguf.tokenizer).toMatchObject({ chatTemplate, endOfTurnIds })
    await fromFolder.close()
    await fromGguf.close()
  })

  it('reads a folder whose weights are in several files', async () => {
    const whole = await open(await writeTinyModel(fresh()))
    const path = await writeTinyModel(fresh())
    await rm(join(path, 'model.safetensors'))
    const half = Math.floor(whole.tensorNames.length / 2)
    const parts = [whole.tensorNames.slice(0, half), whole.tensorNames.slice(half)]
    const weightMap: Record<string, string> = {}
    for (const [i, names] of parts.entries()) {
      const file = `model-0000${i + 1}-of-00002.safetensors`
      const tensors = await Promise.all(
        names.map(async (name) => {
          const { shape, data } = await whole.tensor(name)
          weightMap[name] = file
          return { name, shape, encoding: f32, read: () => Promise.resolve(data) }
        }),
      )
      await writeWhole(join(path, file), safetensorsChunks(tensors))
    }
    await writeFile(join(path, 'model.safetensors.index.json'), JSON.stringify({ weight_map: weightMap }))
    const sharded = await open(path)
    expect(await allTensors(sharded)).toEqual(await allTensors(whole))
    await Promise.all([whole.close(), sharded.close()])
  })

  it.each([f16, bf16])('reads weights of 16 bits: $name', async (encoding) => {
    const path = await writeTinyModel(fresh())
    const exact = await open(path)
    const tensors = exact.tensorNames.map((name) => ({ name, encoding }))
    const values = await Promise.all(tensors.map(({ name }) => exact.tensor(name)))
    await exact.close()
    const written = tensors.map(({ name }, i) => ({
      name,
      encoding,
      shape: values[i].shape,
      read: () => Promise.resolve(values[i].data),
    }))
    await writeWhole(join(path, 'model.safetensors'), safetensorsChunks(written))
    const rounded = await open(path)
    const { data } = await rounded.tensor('model.norm.weight')
    expect([...data]).not.toEqual([...values.at(-1)!.data])
    expect([...encoding.encode(data)]).toEqual([...encoding.encode(values.at(-1)!.data)])
    await rounded.close()
  })

  it('hashes the weights, and remembers the hash of large ones by size and time', async () => {
    const tiny = await readFile(await writeTinyGguf(`${fresh()}.gguf`))
    const large = `${fresh()}.gguf`
    const hashOf = async (content: Buffer, seconds: number): Promise<string> => {
      await writeFile(large, content)
      await utimes(large, seconds, seconds)
      const model = await open(large)
      await model.close()
      return model.sha256
    }
    const one = Buffer.concat([tiny, Buffer.alloc(17 * 1024 * 1024, 1)])
    const two = Buffer.concat([tiny, Buffer.alloc(17 * 1024 * 1024, 2)])
    const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
    expect(await hashOf(one, 1000)).toBe(sha256(one))
    expect(await hashOf(two, 1000)).toBe(sha256(one))
    expect(await hashOf(two, 1001)).toBe(sha256(two))
    expect(await hashOf(tiny, 1000)).toBe(sha256(tiny))
  })

  it('ends a turn at the token that the template writes, then at those that the files name', async () => {
    const path = await tinyWith('generation_config.json', () => ({ eos_token_id: [0, 2] }))
    const model = await open(path)
    expect(model.tokenizer.endOfTurnIds).toEqual([2, 0])
    await model.close()
  })

  it('takes the template from tokenizer_config.json, "default" where there are several', async () => {
    const path = await tinyWith('tokenizer_config.json', (config) => ({
      ...config,
      chat_template: [
        { name: 'tool_use', template: 'tools' },
        { name: 'default', template: 'plain <|im_end|>' },
      ],
    }))
    await rm(join(path, 'chat_template.jinja'))
    const model = await open(path)
    expect(model.tokenizer.chatTemplate).toBe('plain <|im_end|>')
    await model.close()
  })

  it("names a model in the hub's cache by its repository", async () => {
    const inCache = join(fresh(), 'models--some--model-name', 'snapshots', 'abc')
    const model = await open(await writeTinyModel(inCache))
    expect(model.name).toBe('some/model-name')
    await model.close()
  })
})

describe('a folder that is not read', () => {
  const unsupported = async (path: string, said: RegExp): Promise<void> => {
    await expect(open(path)).rejects.toMatchObject({
      code: 'MODEL_UNSUPPORTED',
      message: expect.stringMatching(said) as string,
    })
  }
  const invalid = async (path: string, said: RegExp): Promise<void> => {
    await expect(open(path)).rejects.toMatchObject({
      code: 'MODEL_FILE_INVALID',
      message: expect.stringMatching(said) as string,
    })
  }

  it.each([
    [{ model_type: 'gemma3' }, /names the architecture "gemma3"; llama, qwen2, qwen3 are read/],
    [{ quantization_config: { quant_method: 'gptq' } }, /has quantization_config: .*gptq/],
    [{ hidden_act: 'gelu' }, /has hidden_act: "gelu"/],
    [{ attention_bias: true }, /has attention_bias: true/],
    [{ rope_scaling: { rope_type: 'yarn', factor: 4 } }, /stretches rotation by "yarn"/],
    [{ use_sliding_window: true }, /has use_sliding_window: true/],
  ])('is refused by what its config says: %o', async (change, said) => {
    await unsupported(await tinyWith('config.json', (config) => ({ ...config, ...change })), said)
  })

  it.each([
    [{ num_hidden_layers: 1e9 }, /its layers is 1000000000/],
    [{ num_key_value_heads: 3 }, /4 heads, 3 of keys and values/],
    [{ hidden_size: 'wide' }, /has no number hidden_size/],
    [{ num_hidden_layers: 3 }, /has no tensor model\.layers\.2\./],
    [{ intermediate_size: 65 }, /in the shape \[64, 32\], expected \[65, 32\]/],
    [{ tie_word_embeddings: false }, /has no tensor lm_head\.weight/],
  ])('is refused by numbers that do not fit: %o', async (change, said) => {
    await invalid(await tinyWith('config.json', (config) => ({ ...config, ...change })), said)
  })

  it('is refused without a template unless its vocabulary has the marks of ChatML', async () => {
    const path = await writeTinyModel(fresh())
    await rm(join(path, 'chat_template.jinja'))
    await writeFile(join(path, 'tokenizer_config.json'), '{}')
    await (await open(path)).close()
    const tokenizer = await readFile(join(path, 'tokenizer.json'), 'utf8')
    await writeFile(join(path, 'tokenizer.json'), tokenizer.replaceAll('<|im_start|>', '<|begin|>'))
    await unsupported(path, /has no chat template/)
  })

  it('is refused where files are missing, named one by one', async () => {
    await invalid(join(folder, 'nowhere'), /cannot be opened/)
    const empty = fresh()
    await mkdir(empty)
    await invalid(empty, /config\.json cannot be read as JSON/)
    const noWeights = await writeTinyModel(fresh())
    await rm(join(noWeights, 'model.safetensors'))
    await invalid(noWeights, /has neither model\.safetensors nor model\.safetensors\.index\.json/)
  })

  it('is refused where an index leads out of it', async () => {
    const path = await writeTinyModel(fresh())
    await rm(join(path, 'model.safetensors'))
    const index = JSON.stringify({ weight_map: { a: '../../secret.safetensors' } })
    await writeFile(join(path, 'model.safetensors.index.json'), index)
    await invalid(path, /names no files of this folder/)
  })
})
