/** The checks of `potstill doctor`: each ends with a state, a few words, and what to do. */
import { teacherModels } from '../core/config.ts'
import { access, constants, mkdir, statfs } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { messageOf, PotstillError } from '../core/errors.ts'
import { loadConfig, resolvePath, type LoadedConfig } from '../core/load-config.ts'
import { probeProvider } from '../models/probe-provider.ts'
import { loadPriceTable } from '../models/prices.ts'
import { resolveProvider } from '../models/providers.ts'
import { recordedFile } from '../catalog.ts'
import { dataFolder } from '../runs/run.ts'
import { prepareRows } from '../pipeline/prepare-rows.ts'
import { findStudent } from '../runs/students.ts'
import { openStore } from '../store/sqlite-store.ts'
import type { CommandContext } from './command.ts'
import { potstillVersion } from './version.ts'

export interface Check {
  readonly state: 'ok' | 'warning' | 'error'
  readonly name: string
  readonly text: string
  /** What to do about it. */
  readonly advice?: string
}

const leastFreeBytes = 200e6
const oldPricesDays = 90

export async function checkEverything(context: CommandContext): Promise<readonly Check[]> {
  const data = dataFolder(context.environment, context.workingDirectory)
  return [
    checkVersions(),
    ...(await checkDataFolder(data)),
    checkPrices(),
    ...(await checkConfig(context, data)),
  ]
}

function checkVersions(): Check {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const enough = major > 20 || (major === 20 && minor >= 20)
  const text = `potstill ${potstillVersion()}, Node ${process.versions.node}, ${process.platform} ${process.arch}`
  return enough
    ? { state: 'ok', name: 'versions', text }
    : { state: 'error', name: 'versions', text, advice: 'Install Node 20.20 or newer.' }
}

async function checkDataFolder(data: string): Promise<Check[]> {
  try {
    await mkdir(data, { recursive: true })
    await access(data, constants.W_OK)
    await openStore(data).close()
  } catch (error) {
    const advice = error instanceof PotstillError ? error.hint : 'Choose another with POTSTILL_HOME.'
    return [{ state: 'error', name: 'data folder', text: `${data}: ${messageOf(error)}`, advice }]
  }
  const { bavail, bsize } = await statfs(data)
  const free = bavail * bsize
  const disk: Check =
    free >= leastFreeBytes
      ? { state: 'ok', name: 'disk', text: `${(free / 1e9).toFixed(1)} GB free` }
      : { state: 'warning', name: 'disk', text: `${(free / 1e6).toFixed(0)} MB free`, advice: 'Make room.' }
  return [{ state: 'ok', name: 'data folder', text: data }, disk]
}

function checkPrices(): Check {
  const { asOf, models } = loadPriceTable()
  const days = (Date.now() - Date.parse(asOf)) / 86_400_000
  const text = `${Object.keys(models).length} models, as of ${asOf}`
  return days <= oldPricesDays
    ? { state: 'ok', name: 'prices', text }
    : {
        state: 'warning',
        name: 'prices',
        text,
        advice: 'Check them, and give your own under `prices` in the config.',
      }
}

async function checkConfig(context: CommandContext, data: string): Promise<Check[]> {
  const named = context.positional[0]
  const file = resolve(context.workingDirectory, named ?? 'potstill.yaml')
  if (named === undefined && !existsSync(file)) {
    return [{ state: 'ok', name: 'config', text: 'none here; potstill init writes one' }]
  }
  try {
    const loaded = await loadConfig(file)
    const rows = await prepareRows(loaded, loaded.config.seed, data)
    const counts = `${rows.labelled.length} labelled, ${rows.unlabelled.length} unlabelled, ${rows.evaluation.length} evaluation rows`
    const check: Check = { state: 'ok', name: 'config', text: `${file}: ${counts}` }
    return [check, ...(await checkModels(loaded, data, context.environment))]
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error
    return [{ state: 'error', name: 'config', text: `${error.code} ${error.message}`, advice: error.hint }]
  }
}

async function checkModels(
  loaded: LoadedConfig,
  data: string,
  environment: NodeJS.ProcessEnv,
): Promise<Check[]> {
  const models = [...teacherModels(loaded.config), ...loaded.config.arms]
  const names = new Set(models.map(({ model }) => model))
  return Promise.all([...names].map((name) => checkModel(name, loaded, data, environment)))
}

async function checkModel(
  name: string,
  { config, folder }: LoadedConfig,
  data: string,
  environment: NodeJS.ProcessEnv,
): Promise<Check> {
  const file = recordedFile(name)
  if (file !== undefined) {
    return existsSync(resolvePath(folder, file))
      ? { state: 'ok', name: 'model', text: `${name}: recorded answers` }
      : {
          state: 'error',
          name: 'model',
          text: `${name}: no file ${file}`,
          advice: 'Record answers, or name a live model.',
        }
  }
  try {
    const student = await findStudent(data, name, folder)
    if (student !== null) return { state: 'ok', name: 'model', text: `${name}: student in ${student}` }
    const { provider, model } = resolveProvider(name, { declared: config.providers, env: environment })
    const { state, text, advice } = await probeProvider(provider, model)
    return { state, name: 'model', text: `${name}: ${text}`, ...(advice === undefined ? {} : { advice }) }
  } catch (error) {
    if (!(error instanceof PotstillError)) throw error
    return { state: 'error', name: 'model', text: `${name}: ${error.message}`, advice: error.hint }
  }
}
