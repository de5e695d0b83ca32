/** potstill doctor: checks what a run needs, and says what to do about what is missing. */
import { jsonOption, type CommandDefinition } from '../command.ts'

export const doctor: CommandDefinition = {
  name: 'doctor',
  positional: '[config]',
  summary: 'check versions, disk, data folder, config, keys and endpoints, and say what to do',
  description:
    'Checks the config too when there is one (potstill.yaml when left out). Endpoints are asked for their list of models, which costs nothing. Exits with 1 when something must be mended.',
  options: [jsonOption],
  async action(context) {
    const { checkEverything } = await import('../doctor-checks.ts')
    const { coloursFor } = await import('../colours.ts')
    const checks = await checkEverything(context)
    if (context.options['json'] === true) {
      context.stdout.write(`${JSON.stringify(checks)}\n`)
    } else {
      const colours = coloursFor(context.stdout as NodeJS.WriteStream)
      const marks = { ok: colours.green('✔'), warning: colours.yellow('!'), error: colours.red('✘') }
      for (const { state, name, text, advice } of checks) {
        context.stdout.write(`${marks[state]} ${name.padEnd(12)} ${text}\n`)
        if (advice !== undefined) context.stdout.write(`${' '.repeat(15)}${colours.dim(advice)}\n`)
      }
    }
    return checks.some((check) => check.state === 'error') ? 1 : 0
  },
}
