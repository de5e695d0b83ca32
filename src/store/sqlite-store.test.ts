import { DatabaseSync } from '@photostructure/sqlite'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { aCall, describeStore } from '../../test/support/store-conformance.ts'
import { latestVersion } from './migrations.ts'
import { openStore, storeFile } from './sqlite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'potstill-store-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folders = 0
const newFolder = (): string => join(root, `folder-${folders++}`)

let folder = newFolder()
describeStore(
  'SQLite',
  async () => openStore(folder),
  async () => {
    folder = newFolder()
  },
)

/** A child that commits calls until it is told to stop or killed, printing each key once it has resolved. */
const writer = `
  import { openStore } from ${JSON.stringify(join(import.meta.dirname, 'sqlite-store.ts'))}
  const [folder, name, count] = process.argv.slice(1)
  const store = openStore(folder)
  const call = { provider: 'p', model: 'm', run: name, request: '{}', status: 200, response: 'r'.repeat(500), latencyMs: 1, priceUsd: 1, finishedAtMs: 1 }
  for (let i = 0; i < Number(count); i += 10) {
    await Promise.all(Array.from({ length: 10 }, async (_, j) => {
      const key = name + ' ' + (i + j)
      await store.commitCall({ ...call, key })
      process.stdout.write(key + '\\n')
    }))
  }
  await store.close()
`
function startWriter(folder: string, name: string, count: number) {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', writer, folder, name, String(count)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { child, keys: () => output.split('\n').slice(0, -1), closed: once(child, 'close') }
}

describe('two processes', () => {
  it('open the same new folder at once and lose nothing of each other', async () => {
    const folder = newFolder()
    const writers = ['a', 'b'].map((name) => startWriter(folder, name, 1000))
    await Promise.all(writers.map((writer) => writer.closed))
    expect(writers.map((writer) => writer.child.exitCode)).toEqual([0, 0])
    const store = openStore(folder)
    expect([await store.spentUsd('a'), await store.spentUsd('b')]).toEqual([1000, 1000])
    await store.close()
  })

  it('keep every call that resolved before a kill', async () => {
    const folder = newFolder()
    const writer = startWriter(folder, 'a', 1_000_000)
    while (writer.keys().length < 300) await once(writer.child.stdout, 'data')
    writer.child.kill('SIGKILL')
    await writer.closed
    const store = openStore(folder)
    const found = await Promise.all(writer.keys().map((key) => store.findCall(key)))
    expect(found.filter((call) => call === null)).toEqual([])
    await store.close()
  })
})

describe('openStore', () => {
  it('refuses a file that a newer potstill wrote, and leaves it as it is', async () => {
    const folder = newFolder()
    await openStore(folder).close()
    const database = new DatabaseSync(join(folder, storeFile))
    database.exec(`PRAGMA user_version = ${latestVersion + 1}`)
    database.close()
    expect(() => openStore(folder)).toThrow(
      expect.objectContaining({
        code: 'STORE_TOO_NEW',
        message: expect.stringContaining(`version ${latestVersion + 1}`),
      }),
    )
    expect(() => openStore(folder)).toThrow(expect.objectContaining({ code: 'STORE_TOO_NEW' }))
  })

  it('says which file is no database', () => {
    const broken = newFolder()
    mkdirSync(broken)
    writeFileSync(join(broken, storeFile), 'no database, but long enough to look like one '.repeat(20))
    expect(() => openStore(broken)).toThrow(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(storeFile) }),
    )
  })

  it('says that the folder is a file', () => {
    const file = newFolder()
    writeFileSync(file, '')
    expect(() => openStore(file)).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
  })

  it.skipIf(process.getuid?.() === 0)('says that the folder cannot be written to', () => {
    const parent = mkdtempSync(join(root, 'locked-'))
    chmodSync(parent, 0o500)
    expect(() => openStore(join(parent, 'data'))).toThrow(
      expect.objectContaining({ code: 'STORE_UNAVAILABLE' }),
    )
  })

  it('reports a failed write with its code, and only to the call that failed', async () => {
    const store = openStore(newFolder())
    const good = store.commitCall(aCall({ key: 'good' }))
    const bad = store.commitCall(aCall({ key: 'bad', run: null as unknown as string }))
    await expect(bad).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await good
    expect(await store.findCall('good')).not.toBeNull()
    await store.close()
    await store.close()
  })

  it('keeps NUL characters of a reply', async () => {
    const store = openStore(newFolder())
    await store.commitCall(aCall({ response: 'a\0b' }))
    expect((await store.findCall('key'))?.response).toBe('a\0b')
    await store.close()
  })

  it('leaves everything in the one file once it is closed', async () => {
    const folder = newFolder()
    const copy = newFolder()
    const store = openStore(folder)
    await store.commitCall(aCall())
    await store.close()
    mkdirSync(copy)
    copyFileSync(join(folder, storeFile), join(copy, storeFile))
    const copied = openStore(copy)
    expect(await copied.findCall('key')).toEqual(aCall())
    await copied.close()
  })
})
