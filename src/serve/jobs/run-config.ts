/** The config of a whole run on captured traffic, for a distillation that is to be evaluated. */
import { join } from 'node:path'
import type { StudentKind } from '../../core/student.ts'
import { writeWhole } from '../../core/write-whole.ts'
import { resolveProvider } from '../../models/providers.ts'
import type { ServeDeps } from '../deps.ts'
import { jobFolder } from './job-folder.ts'
import { usualLearningRate, type StoredJob } from './stored-job.ts'

export interface RunSelection {
  readonly name: string
  readonly model?: string
  readonly workload?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly sinceMs?: number
  /** Who gave most of the answers, by the catalog's id. */
  readonly answeredBy: string
}

/** Writes it into the job's folder and gives its path; JSON is YAML, too. */
export async function writeRunConfig(
  deps: ServeDeps,
  job: StoredJob,
  selection: RunSelection,
): Promise<string> {
  const { model, workload, metadata, sinceMs } = selection
  const teacher = teacherOf(deps, selection.answeredBy)
  const config = {
    name: selection.name,
    seed: job.view.seed,
    data: {
      captured: {
        ...(model === undefined ? {} : { model }),
        ...(workload === undefined ? {} : { workload }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(sinceMs === undefined ? {} : { since: new Date(sinceMs).toISOString() }),
      },
    },
    ...teacher,
    student: studentOf(job.kind, job.base, job),
  }
  const file = join(jobFolder(deps, job.view.id), 'potstill.yaml')
  await writeWhole(file, `${JSON.stringify(config, null, 2)}\n`)
  return file
}

function studentOf(
  kind: StudentKind,
  base: string | null,
  { view }: StoredJob,
): Record<string, string | number> {
  const {
    n_epochs: epochs,
    batch_size: batchSize,
    learning_rate_multiplier: multiplier,
  } = view.hyperparameters
  return {
    kind,
    ...(typeof epochs === 'number' ? { epochs } : {}),
    ...(base === null
      ? {}
      : {
          base,
          ...(typeof batchSize === 'number' ? { batchSize } : {}),
          ...(typeof multiplier === 'number' ? { learningRate: usualLearningRate * multiplier } : {}),
        }),
  }
}

/** All rows have their answer, so nobody is asked: who gave it needs to be no more than a name. */
function teacherOf({ environment }: ServeDeps, answeredBy: string): Record<string, unknown> {
  try {
    resolveProvider(answeredBy, { env: environment })
    return { teacher: { model: answeredBy } }
  } catch {
    const provider = 'captured'
    const model = `${provider}/${answeredBy}`
    return { teacher: { model }, providers: { [provider]: { baseUrl: 'http://127.0.0.1:9/v1' } } }
  }
}
