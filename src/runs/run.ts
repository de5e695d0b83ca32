/** A run is a folder: found or made, locked by one process, and described by its run.json. */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { PotstillError } from '../core/errors.ts'
import { writeWhole } from '../core/write-whole.ts'

export interface RunManifest {
  readonly format: 1
  /** "support-desk/3" */
  readonly id: string
  readonly name: string
  readonly number: number
  readonly state: 'running' | 'done' | 'incomplete'
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly configFile: string
  /** Hash over the config and every file it names: a finished run with the same one has nothing left to do. */
  readonly fingerprint: string
  readonly potstill: string
}

export interface Run {
  readonly folder: string
  readonly manifest: RunManifest
}

/** POTSTILL_HOME, else .potstill in the working directory. */
export function dataFolder(environment: NodeJS.ProcessEnv, workingDirectory: string): string {
  const home = environment['POTSTILL_HOME']
  return home === undefined || home === ''
    ? join(workingDirectory, '.potstill')
    : resolve(workingDirectory, home)
}

export interface RunRequest {
  readonly data: string
  readonly name: string
  readonly fingerprint: string
  readonly configFile: string
  readonly potstill: string
  /** Start anew even where the newest run could go on. */
  readonly fresh: boolean
  readonly now: () => Date
}

/** The newest run of the name where it is unfinished, or finished and nothing has changed since; else a new one. */
export async function openRun(request: RunRequest): Promise<Run> {
  const numbers = await runNumbers(request.data, request.name)
  const newest = numbers.at(-1)
  if (newest !== undefined && !request.fresh) {
    const folder = runFolder(request.data, request.name, newest)
    const manifest = await readManifest(folder)
    if (manifest !== null && (manifest.state !== 'done' || manifest.fingerprint === request.fingerprint)) {
      return {
        folder,
        manifest: { ...manifest, fingerprint: request.fingerprint, configFile: request.configFile },
      }
    }
  }
  return createRun(request, (newest ?? 0) + 1)
}

async function createRun(request: RunRequest, number: number): Promise<Run> {
  const { name, fingerprint, configFile, potstill } = request
  const folder = runFolder(request.data, name, number)
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new PotstillError('STORE_UNAVAILABLE', `${folder} cannot be made`, { cause })
  })
  const manifest: RunManifest = {
    format: 1,
    id: `${name}/${number}`,
    name,
    number,
    state: 'running',
    startedAt: request.now().toISOString(),
    finishedAt: null,
    configFile,
    fingerprint,
    potstill,
  }
  await saveManifest(folder, manifest)
  return { folder, manifest }
}

export function runFolder(data: string, name: string, number: number): string {
  return join(data, 'runs', name, String(number))
}

export async function saveManifest(folder: string, manifest: RunManifest): Promise<void> {
  await writeWhole(join(folder, 'run.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}

/** null where there is none, or a broken one. */
export async function readManifest(folder: string): Promise<RunManifest | null> {
  try {
    return JSON.parse(await readFile(join(folder, 'run.json'), 'utf8')) as RunManifest
  } catch {
    return null
  }
}

/** Numbers of a name's runs, ascending. */
export async function runNumbers(data: string, name: string): Promise<number[]> {
  const entries = await readdir(join(data, 'runs', name)).catch(() => [])
  return entries
    .filter((entry) => /^[1-9]\d*$/.test(entry))
    .map(Number)
    .sort((a, b) => a - b)
}

/** All runs, by name, then number. */
export async function listRuns(data: string): Promise<Run[]> {
  const names = (await readdir(join(data, 'runs')).catch(() => [])).sort((a, b) => (a < b ? -1 : 1))
  const runs: Run[] = []
  for (const name of names) {
    for (const number of await runNumbers(data, name)) {
      const folder = runFolder(data, name, number)
      const manifest = await readManifest(folder)
      if (manifest !== null) runs.push({ folder, manifest })
    }
  }
  return runs
}

/**
 * Holds the run's folder for this process until the returned function is called.
 * @throws RUN_LOCKED while another living process holds it.
 */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'lock')
  for (let attempt = 0; attempt < 2; attempt++) {
    const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return null
      throw new PotstillError('STORE_UNAVAILABLE', `${folder} cannot be written to`, { cause: error })
    })
    if (handle !== null) {
      await handle.writeFile(String(process.pid))
      await handle.close()
      return () => rm(file, { force: true })
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''))
    if (holder !== process.pid && isAlive(holder)) {
      throw new PotstillError('RUN_LOCKED', `${folder}: process ${holder} is working on this run`)
    }
    await takeAway(file, holder)
  }
  throw new PotstillError('RUN_LOCKED', `${folder}: another process took this run at the same moment`)
}

/** Removes the lock of a dead holder. What another process has put there meanwhile is put back. */
async function takeAway(file: string, holder: number): Promise<void> {
  const aside = `${file}.${process.pid}`
  try {
    await rename(file, aside)
  } catch {
    return // Another process was faster; the next attempt meets its lock.
  }
  if (Number(await readFile(aside, 'utf8')) === holder) await rm(aside, { force: true })
  else await rename(aside, file)
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
