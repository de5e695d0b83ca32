/** Finds trained students: by the config's name (its newest), by name@number, or by folder. */
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PotstillError } from '../core/errors.ts'
import type { Manifest } from '../core/student.ts'
import { listRuns, runFolder, runNumbers, type Run } from './run.ts'

/** Where a run keeps its student. */
const studentPath = 'train/student'

export interface StudentEntry {
  readonly run: Run
  readonly folder: string
  readonly manifest: Manifest
}

/**
 * The folder of the student that `name` means, or null when it names none: no run of that name, or no such folder.
 * @throws STUDENT_NOT_FOUND when there are runs of that name, but no (such) student among them.
 */
export async function findStudent(
  data: string,
  name: string,
  workingDirectory: string,
): Promise<string | null> {
  const [, base, version] = /^([a-z0-9][a-z0-9._-]*)(?:@(\d+))?$/.exec(name) ?? []
  if (base !== undefined) {
    const numbers = await runNumbers(data, base)
    if (numbers.length > 0) return studentOf(data, base, numbers, version)
  }
  for (const folder of [resolve(workingDirectory, name), resolve(workingDirectory, name, studentPath)]) {
    if (await isStudent(folder)) return folder
  }
  return null
}

async function studentOf(
  data: string,
  name: string,
  numbers: readonly number[],
  version?: string,
): Promise<string> {
  const candidates = version === undefined ? [...numbers].reverse() : [Number(version)]
  for (const number of candidates) {
    const folder = join(runFolder(data, name, number), studentPath)
    if (await isStudent(folder)) return folder
  }
  const wanted = version === undefined ? `none of ${name}'s runs has` : `run ${name}/${version} has no`
  throw new PotstillError('STUDENT_NOT_FOUND', `${wanted} a trained student`.replace('no a', 'no'), {
    hint: 'Run `potstill run` to the end, or look at `potstill models`.',
  })
}

async function isStudent(folder: string): Promise<boolean> {
  return stat(join(folder, 'manifest.json')).then(
    (entry) => entry.isFile(),
    () => false,
  )
}

/** All students, by name, then number. */
export async function listStudents(data: string): Promise<StudentEntry[]> {
  const students: StudentEntry[] = []
  for (const run of await listRuns(data)) {
    const folder = join(run.folder, studentPath)
    const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => null)
    if (text !== null) students.push({ run, folder, manifest: JSON.parse(text) as Manifest })
  }
  return students
}
