/** potstill models: the students that there are. */
import { jsonOption, type CommandDefinition } from '../command.ts'

export const models: CommandDefinition = {
  name: 'models',
  positional: '',
  summary: 'list the students that there are',
  options: [jsonOption],
  async action({ environment, workingDirectory, options, stdout }) {
    const { listStudents } = await import('../../runs/students.ts')
    const { dataFolder } = await import('../../runs/run.ts')
    const { printTable } = await import('../table.ts')
    const students = await listStudents(dataFolder(environment, workingDirectory))
    const entries = students.map(({ run, folder, manifest }) => ({
      model: `${run.manifest.name}@${run.manifest.number}`,
      kind: manifest.kind,
      trainingRows: manifest.training.rows,
      fields: manifest.task.fields.map((field) => field.path),
      trained: run.manifest.startedAt,
      folder,
    }))
    if (options['json'] === true) {
      stdout.write(`${JSON.stringify(entries)}\n`)
      return 0
    }
    if (entries.length === 0) {
      stdout.write(
        'No students yet. `potstill run` trains one; `potstill init` writes a config to begin with.\n',
      )
      return 0
    }
    printTable(
      stdout,
      ['MODEL', 'KIND', 'ROWS', 'FIELDS', 'TRAINED', 'FOLDER'],
      entries.map((entry) => [
        entry.model,
        entry.kind,
        String(entry.trainingRows),
        entry.fields.length > 4
          ? `${entry.fields.slice(0, 3).join(', ')} and ${entry.fields.length - 3} more`
          : entry.fields.join(', '),
        entry.trained.slice(0, 16).replace('T', ' '),
        entry.folder,
      ]),
    )
    return 0
  },
}
