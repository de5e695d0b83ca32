/** What `run` and the commands for single steps share: options in, events to the terminal, result out. */
import { resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { PotstillError } from '../core/errors.ts'
import { drain, type StepName } from '../core/event.ts'
import type { ReportData } from '../core/report-data.ts'
import { runOneStep, runPipeline } from '../pipeline.ts'
import { dataFolder } from '../runs/run.ts'
import type { SessionOptions } from '../pipeline/session.ts'
import { renderSummary } from '../steps/report/render-summary.ts'
import { coloursFor } from './colours.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { createTerminal } from './terminal.ts'
import { commandName, potstillVersion } from './version.ts'

export async function runSteps(context: CommandContext, until: StepName): Promise<ExitCode> {
  const { options, stdout, stderr } = context
  const terminal = createTerminal({ stream: stderr, now: () => performance.now() })
  const session = sessionOptions(context)
  try {
    const steps = until === 'report' ? runPipeline(session) : runOneStep(session, until)
    const { run, folder, summary, report } = await drain(steps, (event) => terminal.onEvent(event))
    terminal.close()
    if (report === null) {
      if (options['json'] === true) stdout.write(`${JSON.stringify({ run, folder, summary })}\n`)
      else stdout.write(`${summary}\n`)
      return 0
    }
    if (options['json'] === true)
      stdout.write(`${JSON.stringify(forScripts(run, report.data, report.file))}\n`)
    else stdout.write(`\n${renderSummary(report.data, summaryStyle(stdout))}`)
    return options['check'] === true && report.data.verdict.verdict === 'do_not_ship' ? 3 : 0
  } finally {
    terminal.close()
  }
}

function summaryStyle(stdout: NodeJS.WritableStream): { width: number; colour: boolean } {
  const stream = stdout as NodeJS.WriteStream
  return {
    width: Math.max(80, Math.min(stream.columns ?? 100, 120)),
    colour: coloursFor(stream).isColorSupported,
  }
}

/** The words that all commands on a config take. */
export function sessionOptions({
  positional,
  options,
  workingDirectory,
  environment,
  signal,
}: CommandContext): SessionOptions {
  return {
    configFile: resolve(workingDirectory, positional[0] ?? 'potstill.yaml'),
    data: dataFolder(environment, workingDirectory),
    environment,
    fresh: options['fresh'] === true,
    ...(options['seed'] === undefined ? {} : { seed: parseSeed(String(options['seed'])) }),
    signal,
    now: () => new Date(),
    version: potstillVersion(),
    command: commandName(environment),
  }
}

function parseSeed(text: string): number {
  const seed = Number(text)
  if (Number.isSafeInteger(seed) && seed >= 0) return seed
  throw new PotstillError('USAGE', `--seed must be a whole number from 0 on, got ${JSON.stringify(text)}`)
}

/** The object that `--json` prints; scripts rely on it. */
function forScripts(run: string, { arms, verdict }: ReportData, report: string): Record<string, unknown> {
  return {
    run,
    arms: arms.map((arm) => ({
      name: arm.name,
      role: arm.role,
      model: arm.model,
      source: arm.source,
      rows: arm.rows,
      score: arm.score,
      interval: arm.interval,
      exactMatch: arm.exactMatch,
      fields: Object.fromEntries(arm.fields.map(({ path, accuracy }) => [path, accuracy])),
      valid: arm.valid,
      failed: arm.failed,
      priceUsdPer1000: arm.priceUsdPer1000,
      latencyP50Ms: arm.latencyP50Ms,
    })),
    verdict,
    report,
  }
}
