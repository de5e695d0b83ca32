/** potstill evaluate: the run up to this step. */
import { stepCommand } from '../command.ts'

export const evaluate = stepCommand(
  'evaluate',
  'measure the teacher, the other arms and the student on the evaluation rows',
  'Measures whatever is there: before training the teacher and the student before, after it the student too.',
)
