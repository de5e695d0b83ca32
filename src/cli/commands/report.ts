/** potstill report: the run up to this step. */
import { freshOption, jsonOption, seedOption, type CommandDefinition } from '../command.ts'

export const report: CommandDefinition = {
  name: 'report',
  positional: '[config]',
  summary: 'write the report of the newest run',
  description: 'Runs the steps before it first where they are not up to date.',
  options: [freshOption, seedOption, jsonOption],
  async action(context) {
    const { runSteps } = await import('../run-steps.ts')
    return runSteps(context, 'report')
  },
}
