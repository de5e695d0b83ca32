import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { jsonTask } from '../../test/support/micro-examples.ts'
import { readManifest, readStudentFiles, writeStudentFolder, type ManifestBody } from './student-folder.ts'

const body: ManifestBody = {
  format: 1,
  kind: 'micro',
  name: 'desk',
  version: 2,
  task: jsonTask({ a: { type: 'boolean' } }),
  seed: 1,
  training: { rows: 1, labelled: 1, validationRows: 0, hash: '' },
  curves: [],
  overfitting: { detected: false, text: '' },
  heldOutBy: 'nothing',
  expectedCalibrationError: null,
  interrupted: false,
  details: {},
}
const files = { 'weights.bin': Uint8Array.of(1, 2, 3), 'plan.json': new TextEncoder().encode('{}') }

let parent: string
let folder: string

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'potstill-folder-'))
  folder = join(parent, 'new', 'desk')
})

afterEach(() => rm(parent, { recursive: true }))

describe('a student folder', () => {
  it('gives back what was written, and leaves nothing beside it', async () => {
    const manifest = await writeStudentFolder(folder, body, files)
    expect(await readManifest(folder, ['micro'])).toEqual(manifest)
    const read = await readStudentFiles(folder, manifest)
    expect([...read['weights.bin']]).toEqual([1, 2, 3])
    expect(await readdir(join(parent, 'new'))).toEqual(['desk'])
  })

  it('is written to an empty folder, but never over something', async () => {
    await mkdir(folder, { recursive: true })
    await writeStudentFolder(folder, body, files)
    await expect(writeStudentFolder(folder, body, files)).rejects.toMatchObject({ code: 'FILE_EXISTS' })
  })

  it('leaves nothing behind when it cannot be written', async () => {
    await expect(
      writeStudentFolder(folder, body, { 'no/such/folder.bin': new Uint8Array() }),
    ).rejects.toThrow('ENOENT')
    expect(await readdir(join(parent, 'new'))).toEqual([])
  })

  it('is known to be damaged when a file is missing, changed, or elsewhere', async () => {
    const manifest = await writeStudentFolder(folder, body, files)
    await writeFile(join(folder, 'weights.bin'), Uint8Array.of(1, 2, 4))
    await expect(readStudentFiles(folder, manifest)).rejects.toMatchObject({ code: 'STUDENT_DAMAGED' })
    await rm(join(folder, 'weights.bin'))
    await expect(readStudentFiles(folder, manifest)).rejects.toMatchObject({ code: 'STUDENT_DAMAGED' })
    const outside = { ...manifest, files: { '../desk/plan.json': manifest.files['plan.json'] } }
    await expect(readStudentFiles(folder, outside)).rejects.toMatchObject({ code: 'STUDENT_DAMAGED' })
  })

  it('is told apart from no student and from one that cannot be read', async () => {
    await expect(readManifest(folder, ['micro'])).rejects.toMatchObject({ code: 'STUDENT_NOT_FOUND' })
    await writeStudentFolder(folder, body, files)
    await expect(readManifest(folder, ['lm'])).rejects.toThrow('names the kind "micro", expected one of lm')
    for (const text of ['{', '[]', JSON.stringify({ ...body, files: {}, format: 2 })]) {
      await writeFile(join(folder, 'manifest.json'), text)
      await expect(readManifest(folder, ['micro'])).rejects.toMatchObject({ code: 'STUDENT_DAMAGED' })
    }
  })
})
