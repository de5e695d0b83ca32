/** potstill curate: the run up to this step. */
import { freshOption, jsonOption, seedOption, type CommandDefinition } from '../command.ts'

export const curate: CommandDefinition = {
  name: 'curate',
  positional: '[config]',
  summary: 'remove duplicates, leaks and bad answers; write the training files',
  description: 'Runs generate first where its answers are not up to date.',
  options: [freshOption, seedOption, jsonOption],
  async action(context) {
    const { runSteps } = await import('../run-steps.ts')
    return runSteps(context, 'curate')
  },
}
