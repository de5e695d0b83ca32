/** potstill curate: the run up to this step. */
import { stepCommand } from '../command.ts'

export const curate = stepCommand(
  'curate',
  'remove duplicates, leaks and bad answers; write the training files',
  'Runs generate first where its answers are not up to date.',
)
