/** Where a job's files lie: copies of the rows, the checkpoint, the student. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

interface HasData {
  readonly data: string
}

export function jobFolder({ data }: HasData, id: string): string {
  return join(data, 'jobs', id)
}

export async function clearJobFolder(deps: HasData, id: string): Promise<void> {
  await rm(jobFolder(deps, id), { recursive: true, force: true })
}
