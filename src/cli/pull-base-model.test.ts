import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startFakeHub, type FakeHub } from '../../test/support/fake-hub.ts'
import { writeTinyModel } from '../../test/support/tiny-model.ts'
import { models } from './commands/models.ts'

let folder = ''
let hub: FakeHub
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-models-'))
  hub = await startFakeHub()
})
afterEach(async () => {
  await hub.close()
  await rm(folder, { recursive: true })
})

/** Runs `potstill models WORDS`; gives what it printed. */
async function run(
  words: readonly string[],
  options: Record<string, string | boolean> = {},
): Promise<string> {
  const stdout = new PassThrough()
  const stderr = new PassThrough() as unknown as NodeJS.WriteStream
  const code = await models.action({
    positional: words,
    options,
    workingDirectory: folder,
    environment: { HF_ENDPOINT: hub.endpoint, HF_HOME: join(folder, 'hf') },
    stdout,
    stderr,
    signal: new AbortController().signal,
  })
  expect(code).toBe(0)
  stdout.end()
  return (await stdout.toArray()).join('')
}

describe('potstill models pull', () => {
  it('fetches a model and prints where it is, with the line for the config', async () => {
    const served = await writeTinyModel(join(folder, 'served'))
    for (const name of await readdir(served)) hub.files.set(name, await readFile(join(served, name)))
    const printed = await run(['pull', 'owner/model'])
    expect(printed).toMatch(/^owner\/model {2}llama, safetensors, sha256 [0-9a-f]{12}\n/)
    expect(printed).toContain('\n  student: { kind: lm, base: owner/model }\n')
    const facts = JSON.parse(await run(['pull', 'owner/model'], { json: true })) as Record<string, string>
    expect(printed).toContain(facts.path)
    expect(facts).toMatchObject({ name: 'owner/model', format: 'safetensors', family: 'llama' })
  })

  it('takes a name and nothing else', async () => {
    await expect(run(['pull'])).rejects.toMatchObject({ code: 'USAGE' })
    await expect(run(['push', 'owner/model'])).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('leaves the list of students as it was', async () => {
    expect(await run([])).toMatch(/^No students yet\./)
  })
})
