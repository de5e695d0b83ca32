/** Exports a trained lm student from its folder. */
import { readManifest } from '../student-folder.ts'
import { exportLm, type ExportFormat } from './export/export-lm.ts'
import { detailsOf, findBase } from './student.ts'
import { readAdapter } from './student-files.ts'
import { openBaseModel } from './weights/base-model.ts'

/** The names of the files. Throws as exportLm does, STUDENT_DAMAGED, or MODEL_UNKNOWN where the base is not there. */
export async function exportLmStudent(
  folder: string,
  target: string,
  format: ExportFormat,
): Promise<readonly string[]> {
  const manifest = await readManifest(folder, ['lm'])
  const details = detailsOf(folder, manifest)
  const adapter = await readAdapter(folder, manifest, details)
  const base = await openBaseModel(await findBase(details))
  try {
    return await exportLm(base, adapter, target, format)
  } finally {
    await base.close()
  }
}
