/** potstill generate: the run up to this step. */
import { stepCommand } from '../command.ts'

export const generate = stepCommand(
  'generate',
  'have the teacher answer the unlabelled rows',
  'The rows come from data.unlabelled. Replies are on disk before they are used.',
)
