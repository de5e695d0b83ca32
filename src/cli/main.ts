#!/usr/bin/env node
/** The command line: parses arguments, runs one command, turns errors into words and exit codes. */
import { Command, CommanderError } from 'commander'
import type { CommandDefinition, ExitCode } from './command.ts'
import { commands } from './commands.ts'
import { printError } from './print-error.ts'
import { packageFacts } from './version.ts'

async function main(words: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  const program = createProgram((code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    printError(error, { stdout: process.stdout, stderr: process.stderr, json: words.includes('--json') })
    return isUsage(error) ? 2 : 1
  }
}

function isUsage(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'USAGE'
}

function createProgram(setExitCode: (code: ExitCode) => void): Command {
  const { version, description } = packageFacts()
  const program = new Command('potstill')
    .description(description)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .exitOverride()
    .showHelpAfterError('(potstill --help lists the commands)')
    .addHelpText('after', helpFooter)
  for (const definition of commands) addCommand(program, definition, setExitCode)
  return program
}

const helpFooter = `
The commands stand in the order in which one needs them. MODEL is a config's name (its newest student), name@3,
or a student's folder. Runs and the call log lie in POTSTILL_HOME, else in .potstill.
Exit codes: 0 done, 1 failed, 2 usage, 3 the verdict is "do not ship" (with --check).`

function addCommand(
  program: Command,
  definition: CommandDefinition,
  setExitCode: (code: ExitCode) => void,
): void {
  const words = `${definition.name} ${definition.positional}`.trim()
  const command = program.command(words).summary(definition.summary).exitOverride()
  command.description([definition.summary, definition.description].filter(Boolean).join('\n\n'))
  command.helpOption('-h, --help', 'print help')
  for (const { flags, description } of definition.options) command.option(flags, description)
  command.action(async (...values: unknown[]) => {
    const self = values.at(-1) as Command
    setExitCode(await runCommand(definition, self))
  })
}

async function runCommand(definition: CommandDefinition, command: Command): Promise<ExitCode> {
  const controller = new AbortController()
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(1)
    controller.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    return await definition.action({
      positional: command.args,
      options: command.opts(),
      workingDirectory: process.cwd(),
      environment: process.env,
      stdout: process.stdout,
      stderr: process.stderr,
      signal: controller.signal,
    })
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}

process.exitCode = await main(process.argv.slice(2))
