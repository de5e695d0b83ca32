/** potstill runs: the runs that there are, with state, verdict and report. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { jsonOption, type CommandDefinition } from '../command.ts'

export const runs: CommandDefinition = {
  name: 'runs',
  positional: '',
  summary: 'list the runs that there are, with their verdicts and reports',
  options: [jsonOption],
  async action({ environment, workingDirectory, options, stdout }) {
    const { dataFolder, listRuns } = await import('../../runs/run.ts')
    const { printTable } = await import('../table.ts')
    const entries = await Promise.all(
      (await listRuns(dataFolder(environment, workingDirectory))).map(async ({ folder, manifest }) => {
        const text = await readFile(join(folder, 'report.json'), 'utf8').catch(() => null)
        const report = text === null ? null : (JSON.parse(text) as { verdict: { verdict: string } })
        return {
          run: manifest.id,
          state: manifest.state,
          started: manifest.startedAt,
          finished: manifest.finishedAt,
          verdict: report?.verdict.verdict ?? null,
          report: report === null ? null : join(folder, 'report.html'),
          folder,
        }
      }),
    )
    if (options['json'] === true) {
      stdout.write(`${JSON.stringify(entries)}\n`)
      return 0
    }
    if (entries.length === 0) {
      stdout.write('No runs yet. `potstill run` makes one; `potstill init` writes a config to begin with.\n')
      return 0
    }
    printTable(
      stdout,
      ['RUN', 'STATE', 'STARTED', 'VERDICT', 'REPORT'],
      entries.map((entry) => [
        entry.run,
        entry.state,
        entry.started.slice(0, 16).replace('T', ' '),
        entry.verdict ?? '-',
        entry.report ?? `- (${entry.folder})`,
      ]),
    )
    return 0
  },
}
