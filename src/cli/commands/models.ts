/** potstill models: the students that there are, and base models for new ones. */
import { jsonOption, type CommandContext, type CommandDefinition, type ExitCode } from '../command.ts'

export const models: CommandDefinition = {
  name: 'models',
  positional: '[pull] [base]',
  summary: 'list the students that there are, or fetch a base model',
  description:
    'Without words: the students. `potstill models pull BASE` fetches a base model for the lm student: owner/name of a Hugging Face repository, owner/name:file.gguf for one file of it, or the address of a .gguf file. What was cut is gone on with.',
  options: [
    { flags: '--file <name>', description: 'with pull: this .gguf file of the repository' },
    jsonOption,
  ],
  async action(context) {
    const [word] = context.positional
    if (word === undefined) return list(context)
    if (word === 'pull') return (await import('../pull-base-model.ts')).pullBaseModel(context)
    const { PotstillError } = await import('../../core/errors.ts')
    throw new PotstillError('USAGE', `models has no action ${JSON.stringify(word)}`, {
      hint: '`potstill models` lists the students, `potstill models pull BASE` fetches a base model.',
    })
  },
}

async function list({ environment, workingDirectory, options, stdout }: CommandContext): Promise<ExitCode> {
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
}
