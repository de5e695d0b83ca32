/** potstill report: the run up to this step. */
import { stepCommand } from '../command.ts'

export const report = stepCommand(
  'report',
  'write the report of the newest run',
  'Runs the steps before it first where they are not up to date.',
)
