/** What one `potstill run` holds open: config, rows, the run's folder and lock, the store, and the models. */
import { setMaxListeners } from 'node:events'
import { createReadStream } from 'node:fs'
import { createHash } from 'node:crypto'
import { join, relative } from 'node:path'
import {
  createCatalog,
  processorBasis,
  recordedFile,
  type Catalog,
  type OpenBase,
  type OpenedModel,
} from '../catalog.ts'
import { createAnswerParser } from '../core/answer.ts'
import type { ChatModel } from '../core/chat-model.ts'
import { teacherModels, type Config } from '../core/config.ts'
import type { StepEvent } from '../core/event.ts'
import { hashJson } from '../core/hash.ts'
import type { Json } from '../core/json.ts'
import { loadConfig, resolvePath, type LoadedConfig } from '../core/load-config.ts'
import type { ArmRole } from '../core/measure.ts'
import type { ReportData } from '../core/report-data.ts'
import type { RequestSettings } from '../core/request.ts'
import type { Example } from '../core/row.ts'
import type { Store } from '../core/store.ts'
import type { ParsedAnswer, Task } from '../core/task.ts'
import type { EvaluateOptions } from '../steps/evaluate/evaluate-arm.ts'
import { openStore } from '../store/sqlite-store.ts'
import { prepareRows, type PreparedRows } from './prepare-rows.ts'
import { lockRun, openRun, saveManifest, type Run, type RunManifest } from '../runs/run.ts'
import { runStep, type Artifacts, type StepRun, type StepSpec } from '../runs/step.ts'

export interface SessionOptions {
  readonly configFile: string
  readonly data: string
  readonly environment: NodeJS.ProcessEnv
  readonly fresh: boolean
  /** Over the config's. */
  readonly seed?: number
  readonly signal: AbortSignal
  readonly now: () => Date
  /** Of potstill. */
  readonly version: string
  /** How this potstill is called, for the commands that are printed: "potstill", "npm run potstill --". */
  readonly command: string
}

export interface RunResult {
  /** "support-desk/3" */
  readonly run: string
  readonly folder: string
  /** One figure-laden line for the screen. */
  readonly summary: string
  /** Only after the last step. */
  readonly report: { readonly data: ReportData; readonly file: string } | null
}

export interface ConfiguredArm {
  readonly name: string
  readonly role: ArmRole
  readonly model: string
  readonly cheap: boolean
}

export interface Session {
  readonly loaded: LoadedConfig
  readonly config: Config
  readonly task: Task
  readonly rows: PreparedRows
  readonly seed: number
  readonly run: Run
  readonly signal: AbortSignal
  readonly options: SessionOptions
  readonly catalog: Catalog
  readonly store: Store
  /** File, relative to the config, to SHA-256: everything that was read. */
  readonly inputs: Readonly<Record<string, string>>
  readonly parse: (content: string) => ParsedAnswer
  /** A path within the run's folder. */
  path(name: string): string
  open(model: string): Promise<OpenedModel>
  /** The open model that the student adapts; null for students that start from nothing. */
  base(): Promise<OpenBase | null>
  configuredArms(): readonly ConfiguredArm[]
  settingsOf(arm: string): RequestSettings
  labelledExamples(): readonly Example[]
  /** How rows are asked; a student is asked even after Ctrl-C, so that what it was trained for is seen. */
  asking(
    model?: ChatModel,
  ): Omit<EvaluateOptions, 'judge'> & { readonly task: Task; readonly spentUsd: () => number }
  processorBasis(): string
  step<Result extends Artifacts>(spec: StepSpec<Result>): AsyncGenerator<StepEvent, StepRun<Result>>
  result(summary: string): RunResult
  /** Marks the run as done, or as one that the next call should go on with. */
  finish(state: RunManifest['state']): Promise<void>
  close(): Promise<void>
}

/** Enough rows under way for any scheduler, few enough for flat memory. */
const rowsUnderWay = 512

/** @throws CONFIG_*, DATA_*, SCHEMA_INVALID before anything is spent or written; RUN_LOCKED; STORE_*. */
export async function openSession(options: SessionOptions): Promise<Session> {
  // Every row that is under way listens to it, and that is no leak.
  setMaxListeners(0, options.signal)
  const loaded = await loadConfig(options.configFile)
  const seed = options.seed ?? loaded.config.seed
  const rows = await prepareRows(loaded, seed, options.data)
  const { captured } = rows
  const inputs = {
    ...(await hashInputs(loaded)),
    ...(captured === null ? {} : { 'captured traffic': captured.hash }),
  }
  const run = await openRun({
    data: options.data,
    name: loaded.config.name,
    fingerprint: hashJson({
      config: loaded.config,
      seed,
      inputs,
      prompts: [...loaded.prompts],
      output: loaded.output,
      version: options.version,
    }),
    configFile: loaded.file,
    potstill: options.version,
    fresh: options.fresh,
    now: options.now,
  })
  const unlock = await lockRun(run.folder)
  try {
    await saveManifest(run.folder, { ...run.manifest, state: 'running' })
    const store = openStore(options.data)
    const catalog = await createCatalog({
      config: loaded.config,
      folder: loaded.folder,
      data: options.data,
      environment: options.environment,
      store,
      run: run.manifest.id,
      inputs,
    })
    const release = async (): Promise<void> => {
      await catalog.close()
      await store.close()
      await unlock()
    }
    return createSession({ loaded, options, seed, rows, inputs, run, catalog, store, release })
  } catch (error) {
    await unlock()
    throw error
  }
}

interface Parts {
  readonly loaded: LoadedConfig
  readonly options: SessionOptions
  readonly seed: number
  readonly rows: PreparedRows
  readonly inputs: Readonly<Record<string, string>>
  readonly run: Run
  readonly catalog: Catalog
  readonly store: Store
  readonly release: () => Promise<void>
}

function createSession({
  loaded,
  options,
  seed,
  rows,
  inputs,
  run,
  catalog,
  store,
  release,
}: Parts): Session {
  const { config } = loaded
  const { task } = rows
  return {
    loaded,
    config,
    task,
    rows,
    seed,
    run,
    signal: options.signal,
    options,
    catalog,
    store,
    inputs,
    parse: createAnswerParser(task),
    path: (name) => join(run.folder, name),
    open: (model) => catalog.open(model),
    base: async () => (config.student.base === undefined ? null : catalog.base(config.student.base)),
    configuredArms: () => [
      ...('combine' in config.teacher
        ? config.teacher.models.map(({ name, model }) => ({
            name,
            role: 'reference' as const,
            model,
            cheap: false,
          }))
        : [{ name: 'teacher', role: 'teacher' as const, model: config.teacher.model, cheap: false }]),
      ...config.arms.map(({ name, model, cheap }) => ({ name, role: 'reference' as const, model, cheap })),
    ],
    settingsOf: (arm) => settingsOf(loaded, arm),
    labelledExamples: () =>
      rows.labelled.map((row) => ({ row, output: row.expected as Json, origin: 'labelled' as const })),
    asking: (model) => ({
      task,
      concurrency: rowsUnderWay,
      usdPerCoreHour: config.machine.usdPerCoreHour,
      spentUsd: () => catalog.spentUsd(),
      ...(model?.source === 'student' || model?.source === 'baseline' ? {} : { signal: options.signal }),
    }),
    processorBasis: () => processorBasis(config),
    step: (spec) => runStep(run.folder, spec, options.now),
    result: (summary) => ({ run: run.manifest.id, folder: run.folder, summary, report: null }),
    async finish(state) {
      await saveManifest(run.folder, { ...run.manifest, state, finishedAt: options.now().toISOString() })
    },
    close: release,
  }
}

function settingsOf(loaded: LoadedConfig, arm: string): RequestSettings {
  const { config, prompts, taskPrompt } = loaded
  const model = [...teacherModels(config), ...config.arms].find(({ name }) => name === arm)
  return {
    // Several teachers have a prompt each, which takes the place of this.
    prompt: arm === 'teacher' && 'combine' in config.teacher ? '' : (prompts.get(arm) ?? taskPrompt),
    ...(model?.temperature === undefined ? {} : { temperature: model.temperature }),
    ...(model?.maxTokens === undefined ? {} : { maxTokens: model.maxTokens }),
  }
}

async function hashInputs({ config, folder, file }: LoadedConfig): Promise<Record<string, string>> {
  const teachers = teacherModels(config)
  const judge = 'combine' in config.teacher ? config.teacher.judge : undefined
  const models = [...teachers, ...config.arms, ...(judge === undefined ? [] : [judge])].map(
    ({ model }) => model,
  )
  const prompts = [
    config.task.prompt,
    judge?.rubric,
    ...[...teachers, ...config.arms].map(({ prompt }) => prompt),
  ]
  const named = [
    config.data.labelled,
    config.data.unlabelled,
    config.data.evaluation,
    typeof config.task.output === 'string' && config.task.output !== 'text' ? config.task.output : undefined,
    ...prompts.filter((prompt) => prompt !== undefined && /^[^\n]+\.(?:md|txt)$/.test(prompt)),
    ...models.map((model) => recordedFile(model)),
  ].filter((path) => path !== undefined)
  const files = [file, ...new Set(named.map((path) => resolvePath(folder, path)))]
  const hashes: Record<string, string> = {}
  for (const path of files) hashes[relative(folder, path)] = await hashFile(path)
  return hashes
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  } catch {
    // Whoever needs the file says that it is missing, with the key that names it.
    return 'missing'
  }
  return hash.digest('hex')
}
