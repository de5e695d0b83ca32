/** potstill train: the run up to this step. */
import { stepCommand } from '../command.ts'

export const train = stepCommand(
  'train',
  'train the student on the curated rows',
  'Runs the steps before it first where they are not up to date. Ctrl-C ends training and keeps the best student so far.',
)
