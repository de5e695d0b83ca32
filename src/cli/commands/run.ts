/** potstill run: the whole story, from measurement to report. */
import { freshOption, jsonOption, seedOption, type CommandDefinition } from '../command.ts'

export const run: CommandDefinition = {
  name: 'run',
  positional: '[config]',
  summary: 'measure, generate, curate, train, measure again, report',
  description:
    'Goes on where the newest run of this config stopped; steps whose inputs have not changed are not run again, and no paid reply is paid for twice. A finished run of an unchanged config prints its result. CONFIG is potstill.yaml when left out.',
  options: [
    freshOption,
    seedOption,
    { flags: '--check', description: 'exit with 3 when the verdict is do_not_ship' },
    jsonOption,
  ],
  async action(context) {
    const { runSteps } = await import('../run-steps.ts')
    return runSteps(context, 'report')
  },
}
