/** The kinds of student: who trains each, and how a student's folder is opened. */
import type { ChatModel } from '../core/chat-model.ts'
import type { Manifest, StudentKind, Trainer } from '../core/student.ts'
import { readManifest } from './student-folder.ts'

/** Loaded when used. */
export const trainers: Record<StudentKind, () => Promise<Trainer>> = {
  lm: async () => (await import('./lm/trainer.ts')).lmTrainer,
  micro: async () => (await import('./micro/trainer.ts')).microTrainer,
}

export const studentKinds = Object.keys(trainers) as StudentKind[]

/** Opens the student in a folder, whatever its kind. Throws STUDENT_NOT_FOUND or STUDENT_DAMAGED. */
export async function openStudent(folder: string): Promise<{ manifest: Manifest; model: ChatModel }> {
  const manifest = await readManifest(folder, studentKinds)
  const trainer = await trainers[manifest.kind]()
  return { manifest, model: await trainer.open(folder) }
}
