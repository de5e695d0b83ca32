/** What a command's file gives: words for the help, and an action that loads its heavy parts only when called. */
import type { StepName } from '../core/event.ts'

export interface OptionDefinition {
  /** As commander takes it: "--seed <number>". */
  readonly flags: string
  readonly description: string
}

export interface CommandContext {
  readonly positional: readonly string[]
  readonly options: Readonly<Record<string, string | boolean | undefined>>
  readonly workingDirectory: string
  readonly environment: NodeJS.ProcessEnv
  readonly stdout: NodeJS.WritableStream
  readonly stderr: NodeJS.WriteStream
  /** Aborted by the first Ctrl-C; the second ends the process. */
  readonly signal: AbortSignal
}

export interface CommandDefinition {
  readonly name: string
  /** As commander takes it: "[config]", "<model> [input...]". */
  readonly positional: string
  readonly summary: string
  /** A paragraph below the usage line. */
  readonly description?: string
  readonly options: readonly OptionDefinition[]
  /** The exit code. */
  action(context: CommandContext): Promise<ExitCode>
}

/** 0 done, 1 failed, 2 usage, 3 the verdict is "do not ship" when asked with --check. */
export type ExitCode = 0 | 1 | 2 | 3

export const jsonOption: OptionDefinition = {
  flags: '--json',
  description: 'print JSON, and only JSON, on stdout',
}
export const freshOption: OptionDefinition = {
  flags: '--fresh',
  description: 'start a new run instead of going on with the newest',
}
export const seedOption: OptionDefinition = {
  flags: '--seed <number>',
  description: "use this seed instead of the config's",
}

/** The command for one step of a run: all take the same words. */
export function stepCommand(step: StepName, summary: string, description: string): CommandDefinition {
  return {
    name: step,
    positional: '[config]',
    summary,
    description,
    options: [freshOption, seedOption, jsonOption],
    async action(context) {
      const { runSteps } = await import('./run-steps.ts')
      return runSteps(context, step)
    },
  }
}
