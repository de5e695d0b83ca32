/** potstill export: a student for elsewhere. */
import { existsSync, statSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { CommandDefinition } from '../command.ts'

export const exportStudent: CommandDefinition = {
  name: 'export',
  positional: '<model> [file]',
  summary: 'write the student as one ES module without imports, with types',
  description:
    'The module runs in Node, a browser or an edge worker: import { answer } from "./support-desk.js". FILE is <name>.js when left out; the types are written beside it as .d.ts.',
  options: [
    { flags: '--force', description: 'overwrite the file if it is there' },
    { flags: '--json', description: 'print JSON, and only JSON, on stdout' },
  ],
  async action(context) {
    const { PotstillError } = await import('../../core/errors.ts')
    const { namedStudent } = await import('../open-named-student.ts')
    const { exportModule } = await import('../../students/micro/export.ts')
    const [name, file] = context.positional
    const folder = await namedStudent(name, context)
    const { manifest } = await (await import('../../students/registry.ts')).openStudent(folder)
    const target = resolve(context.workingDirectory, file ?? `${manifest.name}.js`)
    if (existsSync(target) && context.options['force'] !== true) {
      throw new PotstillError('FILE_EXISTS', `${target} is there already`, {
        hint: 'Give another name, or --force.',
      })
    }
    await exportModule(folder, target)
    const bytes = statSync(target).size
    const gzipBytes = gzipSync(await readFile(target)).length
    if (context.options['json'] === true) {
      context.stdout.write(`${JSON.stringify({ file: target, bytes, gzipBytes })}\n`)
    } else {
      const megabytes = (size: number): string => `${(size / 1e6).toFixed(2)} MB`
      context.stdout.write(
        `${target}  ${megabytes(bytes)}, ${megabytes(gzipBytes)} gzipped\n  import { answer } from './${target.split(/[\\/]/).at(-1)}'\n  answer('...')   // { output, confidence }\n`,
      )
    }
    return 0
  },
}
