/** The confidence below which a student's teacher should answer, as the student's run has chosen it. */
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ReportData } from '../core/report-data.ts'
import { findStudent } from '../runs/students.ts'
import type { FineTunedLookup } from './deps.ts'

/**
 * Chosen on rows held out of training, never on evaluation rows, whose part was to measure what it does: see the
 * run's report. null where the model is no student, its run has not come to its report, or none was good enough.
 */
export async function chosenThreshold(
  data: string,
  model: string,
  fineTuned: FineTunedLookup,
): Promise<number | null> {
  const student = model.startsWith('ft:')
    ? await fineTuned(model)
    : model.includes('/')
      ? null
      : await findStudent(data, model, join(data, 'runs'))
  if (student === null) return null
  // A run keeps its student in train/student.
  const report = join(dirname(dirname(student)), 'report.json')
  try {
    const { coverage } = JSON.parse(await readFile(report, 'utf8')) as ReportData
    return coverage.chosenThreshold
  } catch {
    return null
  }
}
