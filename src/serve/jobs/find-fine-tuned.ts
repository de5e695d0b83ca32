/** Finds the student behind a name that a job gave out: "ft:…", or one of its checkpoints. */
import { join } from 'node:path'
import type { RecordStore } from '../../core/store.ts'
import type { FineTuningJobCheckpoint } from 'openai/resources/fine-tuning/jobs/checkpoints'
import { checkpointKind, modelKind, withoutCheckpoint, type StoredModel } from './stored-job.ts'

/** The absolute folder of the student; null for a name that no finished job gave out. */
export async function findFineTuned(store: RecordStore, data: string, name: string): Promise<string | null> {
  if (!name.startsWith('ft:')) return null
  const record = await store.findRecord(modelKind, withoutCheckpoint(name))
  if (record === null) return null
  const { folder, job } = record.body as unknown as StoredModel
  if (name === record.id) return join(data, folder)
  // A trainer keeps its best epoch alone: the one checkpoint there is, is the model.
  const [checkpoint] = await store.listRecords(checkpointKind, { limit: 1, order: 'desc' }, job)
  const kept = checkpoint?.body as unknown as FineTuningJobCheckpoint | undefined
  return kept?.fine_tuned_model_checkpoint === name ? join(data, folder) : null
}
