/** Runs the comparison of teachers and prints its table. */
import { performance } from 'node:perf_hooks'
import { drain } from '../core/event.ts'
import { runTeacherComparison } from '../pipeline.ts'
import type { ComparedTeacher } from '../pipeline/compare-teachers.ts'
import { duration, percent, percentRange, pointsRange, signedPoints, usd } from '../steps/report/format.ts'
import type { CommandContext, ExitCode } from './command.ts'
import { sessionOptions } from './run-steps.ts'
import { printTable } from './table.ts'
import { createTerminal } from './terminal.ts'

export async function comparisonOf(context: CommandContext): Promise<ExitCode> {
  const { options, stdout, stderr } = context
  const terminal = createTerminal({ stream: stderr, now: () => performance.now() })
  try {
    const steps = runTeacherComparison(sessionOptions(context))
    const compared = await drain(steps, (event) => terminal.onEvent(event))
    terminal.close()
    if (options['json'] === true) stdout.write(`${JSON.stringify(compared.map(forScripts))}\n`)
    else printComparison(stdout, compared)
    return 0
  } finally {
    terminal.close()
  }
}

function printComparison(stdout: NodeJS.WritableStream, compared: readonly ComparedTeacher[]): void {
  const rows = compared.map(({ arm, toBest }) => [
    arm.name,
    percent(arm.score),
    percentRange(arm.interval),
    percent(arm.exactMatch),
    usd(arm.priceUsdPer1000),
    duration(arm.latencyP50Ms),
    toBest === null ? '' : `${signedPoints(toBest.difference)} (${pointsRange(toBest.interval)})`,
  ])
  const head = ['TEACHER', 'ACCURACY', '95 % INTERVAL', 'EXACT', 'PER 1,000', 'TIME', 'TO THE BEST ALONE']
  printTable(stdout, head, rows)
  if (compared.some(({ arm }) => arm.source === 'recorded')) {
    stdout.write('Recorded answers: read from a file, priced as if the model named there had given them.\n')
  }
}

function forScripts({ arm, combine, toBest }: ComparedTeacher): Record<string, unknown> {
  const { name, model, source, rows, score, interval, exactMatch, priceUsdPer1000, latencyP50Ms } = arm
  const fields = Object.fromEntries(arm.fields.map(({ path, accuracy }) => [path, accuracy]))
  return {
    name,
    combine,
    model,
    source,
    rows,
    score,
    interval,
    exactMatch,
    fields,
    priceUsdPer1000,
    latencyP50Ms,
    toBest,
  }
}
