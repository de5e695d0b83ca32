/** potstill evaluate: the run up to this step. */
import { freshOption, jsonOption, seedOption, type CommandDefinition } from '../command.ts'

export const evaluate: CommandDefinition = {
  name: 'evaluate',
  positional: '[config]',
  summary: 'measure the teacher, the other arms and the student on the evaluation rows',
  description:
    'Measures whatever is there: before training the teacher and the student before, after it the student too.',
  options: [freshOption, seedOption, jsonOption],
  async action(context) {
    const { runSteps } = await import('../run-steps.ts')
    return runSteps(context, 'evaluate')
  },
}
