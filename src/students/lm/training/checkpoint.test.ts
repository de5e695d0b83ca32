import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { readCheckpoint, removeCheckpoint, writeCheckpoint } from './checkpoint.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'potstill-checkpoint-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const checkpoint = {
  state: { step: 3, loss: 0.1 + 0.2 },
  arrays: { parameters: Float32Array.of(1, -0, NaN, 1e-45), empty: new Float32Array(0) },
}

it('gives back what was written, bit for bit, and the newest', async () => {
  await writeCheckpoint(folder, 'key', { state: { step: 1, loss: 0 }, arrays: {} })
  await writeCheckpoint(folder, 'key', checkpoint)
  const read = await readCheckpoint(folder, 'key')
  expect(read).toEqual(checkpoint)
  expect(Object.is(read?.arrays.parameters[1], -0)).toBe(true)
  expect(await readdir(folder)).toHaveLength(1)
})

it('knows nothing where there is none, of another training, or damaged', async () => {
  expect(await readCheckpoint(join(folder, 'absent'), 'key')).toBeNull()
  await writeCheckpoint(folder, 'key', checkpoint)
  expect(await readCheckpoint(folder, 'other')).toBeNull()
  const [name] = await readdir(folder)
  const file = join(folder, name)
  await truncate(file, (await readFile(file)).length - 1)
  expect(await readCheckpoint(folder, 'key')).toBeNull()
  await writeFile(file, 'no JSON\n')
  expect(await readCheckpoint(folder, 'key')).toBeNull()
})

it('is gone once it is removed', async () => {
  await writeCheckpoint(folder, 'key', checkpoint)
  await removeCheckpoint(folder)
  expect(await readCheckpoint(folder, 'key')).toBeNull()
})
