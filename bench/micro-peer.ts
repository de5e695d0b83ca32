/** Runs the scikit-learn peer (micro-peer.py) on the fields of a task that are one of a few values. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../src/core/errors.ts'
import { canonicalJson, valueAt } from '../src/core/json.ts'
import type { Example } from '../src/core/row.ts'
import type { BenchData } from './micro-rows.ts'

export type PeerModel = 'svc' | 'lr'

export interface PeerScores {
  readonly fields: Readonly<Record<string, number>>
  /** Mean accuracy over `fields`. */
  readonly score: number
  readonly exactMatch: number
  readonly trainSeconds: number
  readonly microsecondsPerAnswer: number
}

const run = promisify(execFile)
const script = new URL('micro-peer.py', import.meta.url).pathname
const mostOutputBytes = 64 * 2 ** 20

/** Throws with the way to install it where scikit-learn is missing. */
export async function measurePeer<Model extends PeerModel>(
  { task, training, test }: BenchData,
  python: string,
  models: readonly Model[],
): Promise<Readonly<Record<Model, PeerScores>>> {
  const closed = task.fields.filter(({ kind }) => kind === 'enum' || kind === 'boolean')
  const texts = (examples: readonly Example[]): string[] => examples.map(({ row }) => row.input)
  const fields = Object.fromEntries(
    closed.map(({ path, segments }) => {
      const labels = (examples: readonly Example[]): string[] =>
        examples.map(({ output }) => canonicalJson(valueAt(output, segments) ?? null))
      return [path, { train: labels(training), test: labels(test) }]
    }),
  )
  const folder = await mkdtemp(join(tmpdir(), 'potstill-peer-'))
  try {
    const file = join(folder, 'rows.json')
    await writeFile(file, JSON.stringify({ train: texts(training), test: texts(test), fields, models }))
    const { stdout } = await run(python, [script, file], { maxBuffer: mostOutputBytes })
    const scores = JSON.parse(stdout) as Record<Model, Omit<PeerScores, 'score'>>
    return Object.fromEntries(
      models.map((model) => [model, { ...scores[model], score: mean(Object.values(scores[model].fields)) }]),
    ) as Record<Model, PeerScores>
  } catch (thrown) {
    const said = (thrown as { readonly stderr?: string }).stderr?.trim()
    throw new Error(`${python} ${script}: ${said === undefined || said === '' ? messageOf(thrown) : said}`, {
      cause: thrown,
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}

export function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}
