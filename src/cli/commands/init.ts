/** potstill init: a config that runs, with sample data. */
import { cp, mkdir, readdir } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CommandDefinition } from '../command.ts'

const templates = ['starter', 'support-desk'] as const

export const init: CommandDefinition = {
  name: 'init',
  positional: '[template]',
  summary: 'write a potstill.yaml that runs, with sample data',
  description: `Templates: ${templates.join(', ')} (starter when left out). Existing files are never overwritten.`,
  options: [
    { flags: '--folder <folder>', description: 'where to write it (the working directory when left out)' },
    { flags: '--json', description: 'print JSON, and only JSON, on stdout' },
  ],
  async action({ positional, options, workingDirectory, stdout }) {
    const { PotstillError } = await import('../../core/errors.ts')
    const template = positional[0] ?? 'starter'
    if (!templates.some((name) => name === template)) {
      throw new PotstillError('USAGE', `there is no template ${JSON.stringify(template)}`, {
        hint: `There are: ${templates.join(', ')}.`,
      })
    }
    const source = fileURLToPath(new URL(`../../../examples/${template}/`, import.meta.url))
    const target = resolve(workingDirectory, typeof options['folder'] === 'string' ? options['folder'] : '.')
    const entries = (await readdir(source, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    )
    const files = entries
      .map((entry) => relative(source, join(entry.parentPath, entry.name)))
      .filter((file) => file !== 'README.md')
      .sort()
    const taken = files.find((file) => existsSync(join(target, file)))
    if (taken !== undefined) {
      throw new PotstillError('FILE_EXISTS', `${join(target, taken)} is there already`, {
        hint: 'Choose an empty folder: potstill init --folder my-task.',
      })
    }
    await mkdir(target, { recursive: true })
    for (const file of files) await cp(join(source, file), join(target, file))
    if (options['json'] === true) {
      stdout.write(`${JSON.stringify({ folder: target, files })}\n`)
      return 0
    }
    const config = relative(workingDirectory, join(target, 'potstill.yaml'))
    stdout.write(
      `${files.map((file) => `  ${file}`).join('\n')}\n\nNext: potstill run${config === 'potstill.yaml' ? '' : ` ${config}`}\n`,
    )
    return 0
  },
}
