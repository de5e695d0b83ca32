/** potstill train: the run up to this step. */
import { freshOption, jsonOption, seedOption, type CommandDefinition } from '../command.ts'

export const train: CommandDefinition = {
  name: 'train',
  positional: '[config]',
  summary: 'train the student on the curated rows',
  description:
    'Runs the steps before it first where they are not up to date. Ctrl-C ends training and keeps the best student so far.',
  options: [freshOption, seedOption, jsonOption],
  async action(context) {
    const { runSteps } = await import('../run-steps.ts')
    return runSteps(context, 'train')
  },
}
