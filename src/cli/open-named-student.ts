/** The student that a command's MODEL means, or a clear error. */
import { PotstillError } from '../core/errors.ts'
import { dataFolder } from '../runs/run.ts'
import { findStudent } from '../runs/students.ts'
import type { CommandContext } from './command.ts'

/** Its folder. @throws STUDENT_NOT_FOUND. */
export async function namedStudent(name: string, context: CommandContext): Promise<string> {
  const { environment, workingDirectory } = context
  const folder = await findStudent(dataFolder(environment, workingDirectory), name, workingDirectory)
  if (folder !== null) return folder
  throw new PotstillError(
    'STUDENT_NOT_FOUND',
    `${JSON.stringify(name)} is no student's name, name@number or folder`,
  )
}
