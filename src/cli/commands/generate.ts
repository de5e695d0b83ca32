/** potstill generate: the run up to this step. */
import { freshOption, jsonOption, seedOption, type CommandDefinition } from '../command.ts'

export const generate: CommandDefinition = {
  name: 'generate',
  positional: '[config]',
  summary: 'have the teacher answer the unlabelled rows',
  description: 'The rows come from data.unlabelled. Replies are on disk before they are used.',
  options: [freshOption, seedOption, jsonOption],
  async action(context) {
    const { runSteps } = await import('../run-steps.ts')
    return runSteps(context, 'generate')
  },
}
