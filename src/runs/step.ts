/**
 * A step of a run: its artifacts lie in a folder of the run beside a manifest with the hash of its inputs and
 * settings. While that hash stays the same the step is not run again. This and the call log are all of resuming.
 */
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { StepEvent, StepName } from '../core/event.ts'
import { hashJson } from '../core/hash.ts'
import { writeWhole } from '../core/write-whole.ts'

/** File name to content: an array for each `.jsonl`, anything else as `.json`. */
export type Artifacts = Readonly<
  Record<`${string}.json`, unknown> & Record<`${string}.jsonl`, readonly unknown[]>
>

export interface StepManifest {
  readonly step: StepName
  readonly title: string
  /** How it ended, in a few words. */
  readonly finished: string
  readonly inputsHash: string
  readonly inputs: unknown
  readonly files: readonly string[]
  readonly startedAt: string
  readonly seconds: number
  /** Rows failed that another try may answer: the next run of the step asks for them again. */
  readonly incomplete: boolean
}

export interface StepSpec<Result extends Artifacts> {
  readonly step: StepName
  /** Folder below the run's: "generate", "evaluate/teacher". */
  readonly id: string
  readonly title: string
  /** Whatever the result depends on. */
  readonly inputs: unknown
  /** Does the work; may write further files into `folder`. `finished` is a few words for the screen. */
  work(folder: string): AsyncGenerator<StepEvent, StepOutcome<Result>>
}

export interface StepOutcome<Result> {
  readonly artifacts: Result
  readonly finished: string
  readonly incomplete?: boolean
}

export interface StepRun<Result> {
  readonly artifacts: Result
  readonly folder: string
  readonly manifest: StepManifest
}

/** Runs the step, or takes its artifacts from disk where they are up to date. A step half done leaves nothing. */
export async function* runStep<Result extends Artifacts>(
  runFolder: string,
  spec: StepSpec<Result>,
  now: () => Date,
): AsyncGenerator<StepEvent, StepRun<Result>> {
  const folder = join(runFolder, spec.id)
  const inputsHash = hashJson(spec.inputs)
  const known = await readStep<Result>(folder)
  if (known !== null && known.manifest.inputsHash === inputsHash && !known.manifest.incomplete) {
    yield { type: 'step', step: spec.step, title: spec.title, state: 'skipped', detail: 'up to date' }
    return known
  }
  yield { type: 'step', step: spec.step, title: spec.title, state: 'started' }
  const partial = `${folder}.partial`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  const startedAt = now()
  const { artifacts, finished, incomplete = false } = yield* spec.work(partial)
  const manifest: StepManifest = {
    step: spec.step,
    title: spec.title,
    finished,
    inputsHash,
    inputs: spec.inputs,
    files: Object.keys(artifacts),
    startedAt: startedAt.toISOString(),
    seconds: (now().getTime() - startedAt.getTime()) / 1000,
    incomplete,
  }
  for (const [name, content] of Object.entries(artifacts)) {
    const text = name.endsWith('.jsonl')
      ? (content as readonly unknown[]).map((line) => `${JSON.stringify(line)}\n`)
      : `${JSON.stringify(content, null, 2)}\n`
    await writeWhole(join(partial, name), text)
  }
  await writeWhole(join(partial, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  await rm(folder, { recursive: true, force: true })
  await mkdir(dirname(folder), { recursive: true })
  await rename(partial, folder)
  yield { type: 'step', step: spec.step, title: spec.title, state: 'finished', detail: finished }
  return { artifacts, folder, manifest }
}

/** A finished step's artifacts, or null where there are none or a file is missing or broken. */
export async function readStep<Result extends Artifacts>(folder: string): Promise<StepRun<Result> | null> {
  try {
    const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as StepManifest
    const artifacts: Record<string, unknown> = {}
    for (const name of manifest.files) {
      const file = join(folder, name)
      artifacts[name] = name.endsWith('.jsonl')
        ? await readLines(file)
        : JSON.parse(await readFile(file, 'utf8'))
    }
    return { artifacts: artifacts as Result, folder, manifest }
  } catch {
    return null
  }
}

export interface ListedStep {
  /** Folder below the run's. */
  readonly id: string
  readonly manifest: StepManifest
}

/** Manifests of all finished steps of a run, in the order in which they were started. */
export async function listSteps(
  runFolder: string,
): Promise<{ readonly id: string; readonly manifest: StepManifest }[]> {
  const entries = await readdir(runFolder, { recursive: true })
  const steps: ListedStep[] = []
  for (const entry of entries.filter((name) => basename(name) === 'manifest.json')) {
    const manifest = JSON.parse(await readFile(join(runFolder, entry), 'utf8')) as Partial<StepManifest>
    const isStep = manifest.inputsHash !== undefined && !entry.includes('.partial')
    if (isStep) steps.push({ id: dirname(entry), manifest: manifest as StepManifest })
  }
  return steps.sort((a, b) => (a.manifest.startedAt < b.manifest.startedAt ? -1 : 1))
}

/** Split at line feeds only: U+2028 within a string is no line end. */
async function readLines(file: string): Promise<unknown[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}
