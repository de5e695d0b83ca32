import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { writeWhole } from './write-whole.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-whole-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('writes text, bytes and chunks, into folders that it creates', async () => {
  const file = join(folder, 'a', 'b', 'c.txt')
  await writeWhole(file, 'text')
  expect(await readFile(file, 'utf8')).toBe('text')
  await writeWhole(file, Uint8Array.of(104, 105))
  expect(await readFile(file, 'utf8')).toBe('hi')
  await writeWhole(file, ['x', Uint8Array.of(0xc3), Uint8Array.of(0xa9), 'y', 'z'])
  expect(await readFile(file, 'utf8')).toBe('xéyz')
  expect(await readdir(join(folder, 'a', 'b'))).toEqual(['c.txt'])
})

it('writes more than one buffer of short lines', async () => {
  const file = join(folder, 'lines.txt')
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`)
  await writeWhole(file, lines)
  expect(await readFile(file, 'utf8')).toBe(lines.join(''))
})

it('writes an empty file', async () => {
  const file = join(folder, 'empty.txt')
  await writeWhole(file, '')
  expect(await readFile(file, 'utf8')).toBe('')
})

it('keeps the old file and leaves nothing behind when a chunk fails', async () => {
  const file = join(folder, 'kept', 'old.txt')
  await writeWhole(file, 'old')
  async function* failing(): AsyncGenerator<string> {
    yield 'x'.repeat(100_000)
    throw new Error('the source broke')
  }
  await expect(writeWhole(file, failing())).rejects.toThrow('the source broke')
  expect(await readFile(file, 'utf8')).toBe('old')
  expect(await readdir(join(folder, 'kept'))).toEqual(['old.txt'])
})
