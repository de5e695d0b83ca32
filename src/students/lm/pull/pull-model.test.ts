import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startFakeHub, type Asked, type FakeHub } from '../../../../test/support/fake-hub.ts'
import { writeTinyGguf, writeTinyModel } from '../../../../test/support/tiny-model.ts'
import { openBaseModel } from '../weights/base-model.ts'
import { pullModel, type PullProgress } from './pull-model.ts'
import { resolveBase } from './resolve-base.ts'

let folder = ''
let hub: FakeHub
let environment: Record<string, string> = {}
let waits: number[] = []
let progress: PullProgress[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-pull-'))
  hub = await startFakeHub()
  environment = {
    HF_ENDPOINT: hub.endpoint,
    HF_HOME: join(folder, 'hf'),
    POTSTILL_HOME: join(folder, 'data'),
  }
  waits = []
  progress = []
})
afterEach(async () => {
  await hub.close()
  await rm(folder, { recursive: true })
})

const pull = (name: string, more: { file?: string; signal?: AbortSignal } = {}): Promise<string> =>
  pullModel(name, {
    environment,
    workingDirectory: folder,
    onProgress: (event) => progress.push(event),
    sleep: (ms) => {
      waits.push(ms)
      return Promise.resolve()
    },
    ...more,
  })
const find = (name: string): Promise<string> => resolveBase(name, environment, folder)

async function serveTinyFolder(): Promise<void> {
  const path = await writeTinyModel(join(folder, 'served'))
  for (const name of await readdir(path)) hub.files.set(name, await readFile(join(path, name)))
}

async function serveTinyGguf(name = 'tiny.gguf', seed = 1): Promise<Buffer> {
  const tiny = await readFile(await writeTinyGguf(join(folder, `served-${seed}.gguf`), { seed }))
  // Long enough that what a cut connection leaves in buffers is a small part of it.
  const content = Buffer.concat([tiny, Buffer.alloc(2_000_000, seed)])
  hub.files.set(name, content)
  return content
}

/** Comparing megabytes as values takes seconds. */
const holds = async (path: string, content: Buffer): Promise<boolean> =>
  (await readFile(path)).equals(content)

const contentAsked = (): Asked[] => hub.asked.filter(({ host }) => host === 'store')
const leftovers = async (under: string): Promise<string[]> => {
  const names = await readdir(under, { recursive: true }).catch(() => [])
  return names.filter((name) => /incomplete|lock|tmp/.test(name))
}
const failed = (said: RegExp): object => ({
  code: 'MODEL_FETCH_FAILED',
  message: expect.stringMatching(said) as string,
})

describe('pulling a repository', () => {
  it('fetches what makes a model, opens as it, and is found without the network', async () => {
    await serveTinyFolder()
    hub.files.set('README.md', Buffer.from('not needed'))
    hub.files.set('pytorch_model.bin', Buffer.from('not needed'))
    const path = await pull('owner/model')
    const model = await openBaseModel(path)
    expect(model.name).toBe('owner/model')
    await model.close()
    expect((await readdir(path)).sort()).toEqual([
      'chat_template.jinja',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
    ])
    await hub.close()
    expect(await find('owner/model')).toBe(path)
    expect(await leftovers(folder)).toEqual([])
  })

  it('tells how far it is, up to all of the bytes', async () => {
    await serveTinyFolder()
    await pull('owner/model')
    const total = [...hub.files.values()].reduce((sum, content) => sum + content.length, 0)
    expect(progress.at(-1)).toEqual({ file: 'model.safetensors', done: total, total })
    expect(progress.map(({ done }) => done)).toEqual(progress.map(({ done }) => done).sort((a, b) => a - b))
  })

  it('fetches nothing twice', async () => {
    await serveTinyFolder()
    await pull('owner/model')
    hub.asked.length = 0
    await pull('owner/model')
    expect(hub.asked.map(({ path }) => path)).toEqual(['/api/models/owner/model/revision/main'])
  })

  it('finds a model that another tool left in the cache, without the network', async () => {
    await hub.close()
    const commit = 'abcdef0123'
    const cached = join(folder, 'hf', 'hub', 'models--some--other')
    const path = await writeTinyModel(join(cached, 'snapshots', commit))
    await expect(find('some/other')).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
    await writeTinyModel(join(cached, 'refs'))
    await writeFile(join(cached, 'refs', 'main'), commit)
    expect(await find('some/other')).toBe(path)
  })

  it('takes one GGUF file of a repository, named in either way', async () => {
    const content = await serveTinyGguf('q/tiny.gguf')
    await serveTinyGguf('other.gguf', 2)
    const path = await pull('owner/model:q/tiny.gguf')
    expect(await holds(path, content)).toBe(true)
    expect(await pull('owner/model', { file: 'q/tiny.gguf' })).toBe(path)
    expect(await pull(`${hub.endpoint}/owner/model/resolve/main/q/tiny.gguf?download=true`)).toBe(path)
    expect(await find('owner/model:q/tiny.gguf')).toBe(path)
    await expect(pull('owner/model')).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      hint: 'Choose one of its files with `potstill models pull owner/model:FILE`: q/tiny.gguf, other.gguf.',
    })
  })

  it('refuses an architecture that is not read before its weights are fetched', async () => {
    await serveTinyFolder()
    hub.files.set('config.json', Buffer.from('{"model_type": "mamba"}'))
    await expect(pull('owner/model')).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' })
    expect(contentAsked()).toEqual([])
    await expect(find('owner/model')).rejects.toMatchObject({
      code: 'MODEL_FETCH_FAILED',
      hint: 'Fetch it: `potstill models pull owner/model`.',
    })
  })

  it('follows a file name nowhere outside of its folder', async () => {
    hub.files.set('../../../evil.gguf', Buffer.from('GGUF'))
    await expect(pull('owner/model')).rejects.toMatchObject(failed(/is no name of a file/))
  })
})

describe("the hub's token", () => {
  it("goes to the hub's own host and not to the store that it redirects to", async () => {
    await serveTinyFolder()
    hub.token = 'hf_secret'
    environment.HF_TOKEN = 'hf_secret'
    await pull('owner/model')
    const seen = (host: Asked['host']): (string | null)[] => [
      ...new Set(hub.asked.filter((asked) => asked.host === host).map(({ authorization }) => authorization)),
    ]
    expect(seen('hub')).toEqual(['Bearer hf_secret'])
    expect(seen('store')).toEqual([null])
  })

  it('is asked for where it is missing, and named in no message', async () => {
    await serveTinyFolder()
    hub.token = 'hf_secret'
    await expect(pull('owner/model')).rejects.toMatchObject({
      hint: expect.stringContaining('HF_TOKEN') as string,
    })
    environment.HF_TOKEN = 'hf_wrong'
    const error: unknown = await pull('owner/model').catch((thrown: unknown) => thrown)
    expect(error).toMatchObject(failed(/answered 401$/))
    expect(JSON.stringify([error, String(error), (error as { hint: string }).hint])).not.toContain('hf_wrong')
  })
})

describe('a file that does not come in one piece', () => {
  it.each(['owner/model:tiny.gguf', 'url'])('is gone on with where it was cut: %s', async (name) => {
    const content = await serveTinyGguf()
    hub.faults.push('cut', 'cut', 'busy')
    const path = await pull(name === 'url' ? `${hub.store}/tiny.gguf` : name)
    expect(await holds(path, content)).toBe(true)
    const starts = contentAsked().map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0))
    const [first, second, third, fourth] = starts
    expect(starts).toHaveLength(4)
    expect(first).toBe(0)
    expect(second).toBeGreaterThan(0.3 * content.length)
    expect(third).toBeGreaterThan(second)
    expect(fourth).toBe(third)
    expect(contentAsked().at(-1)?.ifRange).toMatch(/^"[0-9a-f]{32}"$/)
    expect(await leftovers(folder)).toEqual([])
  })

  it('is gone on with by the next run after this one gave up', async () => {
    const content = await serveTinyGguf()
    hub.faults.push('cut', 'busy', 'busy', 'busy', 'busy', 'busy')
    await expect(pull('owner/model:tiny.gguf')).rejects.toMatchObject(
      failed(/could not be fetched: .* answered 503/),
    )
    expect(waits.length).toBeGreaterThan(3)
    hub.asked.length = 0
    const path = await pull('owner/model:tiny.gguf')
    expect(contentAsked().map(({ range }) => range)).toEqual([expect.stringMatching(/^bytes=[1-9]\d+-$/)])
    expect(await holds(path, content)).toBe(true)
  })

  it('begins again where the server cannot go on', async () => {
    const content = await serveTinyGguf()
    hub.faults.push('cut', 'no-ranges')
    expect(await holds(await pull('owner/model:tiny.gguf'), content)).toBe(true)
  })

  it('begins again where the server sends another part', async () => {
    const content = await serveTinyGguf()
    hub.faults.push('cut', 'wrong-part')
    expect(await holds(await pull('owner/model:tiny.gguf'), content)).toBe(true)
  })

  it('begins again where the file has changed in between, with and without ETags', async () => {
    for (const hasEtags of [true, false]) {
      hub.hasEtags = hasEtags
      const name = `tiny-${hasEtags}.gguf`
      await serveTinyGguf(name, 1)
      hub.faults.push('cut', 'busy', 'busy', 'busy', 'busy', 'busy')
      await expect(pull(`${hub.store}/${name}`)).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
      const changed = await serveTinyGguf(name, 2)
      expect(await holds(await pull(`${hub.store}/${name}`), changed)).toBe(true)
    }
  })

  it('is interrupted by the signal and keeps what it has', async () => {
    const content = await serveTinyGguf()
    hub.faults.push('cut', 'busy')
    const controller = new AbortController()
    const pulled = pullModel('owner/model:tiny.gguf', {
      environment,
      workingDirectory: folder,
      signal: controller.signal,
      sleep: () => {
        controller.abort()
        return Promise.resolve()
      },
    })
    await expect(pulled).rejects.toMatchObject({ code: 'INTERRUPTED' })
    hub.faults.length = 0
    hub.asked.length = 0
    expect(await holds(await pull('owner/model:tiny.gguf'), content)).toBe(true)
    expect(contentAsked()[0].range).not.toBeNull()
  })
})

describe('content that is not what was promised', () => {
  it('is refused by its hash, not kept, and fetched anew the next time', async () => {
    const content = await serveTinyGguf()
    hub.faults.push('damaged')
    await expect(pull('owner/model:tiny.gguf')).rejects.toMatchObject(
      failed(/content of the hash [0-9a-f]{64}, expected/),
    )
    expect(await leftovers(folder)).toEqual([])
    await expect(find('owner/model:tiny.gguf')).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
    expect(await holds(await pull('owner/model:tiny.gguf'), content)).toBe(true)
  })

  it('does not pass when only its beginning came from before', async () => {
    await serveTinyGguf()
    hub.faults.push('cut', 'damaged')
    await expect(pull('owner/model:tiny.gguf')).rejects.toMatchObject(failed(/content of the hash/))
  })
})

describe('what cannot be fetched', () => {
  it('is said, without the secrets of an address', async () => {
    await serveTinyGguf()
    hub.faults.push('refused')
    const error: unknown = await pull(`${hub.store}/tiny.gguf?signature=secret`).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject(failed(/\/tiny\.gguf answered 403$/))
    expect(String(error)).not.toContain('secret')
    await expect(pull('owner/nothing')).rejects.toMatchObject(failed(/answered 404/))
    await expect(pull('https://example.com/page.html')).rejects.toMatchObject({ code: 'MODEL_UNSUPPORTED' })
    await expect(pull('./nowhere.gguf')).rejects.toMatchObject(failed(/there is no model at/))
  })

  it('is not waited for long where nothing listens', async () => {
    const { endpoint } = hub
    await hub.close()
    await expect(pull('owner/model')).rejects.toMatchObject(
      failed(new RegExp(`^${endpoint}/api.* could not be fetched`)),
    )
    expect(waits).toEqual([1000, 2000, 4000, 8000])
  })

  it('is not touched while another process works on it', async () => {
    await serveTinyGguf()
    const target = join(folder, 'data', 'models')
    hub.faults.push('cut', 'busy', 'busy', 'busy', 'busy', 'busy')
    const url = `${hub.store}/tiny.gguf`
    await expect(pull(url)).rejects.toMatchObject({ code: 'MODEL_FETCH_FAILED' })
    const [place] = await readdir(target)
    const lock = join(target, place, 'tiny.gguf.incomplete.lock')
    await writeFile(lock, String(process.ppid))
    await expect(pull(url)).rejects.toMatchObject(failed(/is fetching the same file/))
    await writeFile(lock, '999999999')
    expect(basename(await pull(url))).toBe('tiny.gguf')
  })
})

describe('a path', () => {
  it('needs no network, and comes before a repository of the same name', async () => {
    await hub.close()
    const path = await writeTinyModel(join(folder, 'owner', 'model'))
    expect(await pull('owner/model')).toBe(path)
    expect(await find('owner/model')).toBe(path)
    await expect(find('./owner/other.gguf')).rejects.toMatchObject(failed(/there is no model at/))
  })
})
