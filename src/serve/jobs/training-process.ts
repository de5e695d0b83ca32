/** The process that trains: a student is trained by busy loops, and the server has to go on answering. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { drain } from '../../core/event.ts'
import type { Manifest } from '../../core/student.ts'
import { serveParent } from '../../students/lm/process/serve-parent.ts'
import type { JobCalls } from './training-calls.ts'

// Who stops a server may tell all its processes; how this one ends is for the server to say, or its own end.
process.on('SIGTERM', () => {})

serveParent<JobCalls>({
  async train(input, { emit }) {
    const { trainOnFiles } = await import('../../pipeline/train-on-files.ts')
    const { student, tokens } = await drain(trainOnFiles(input), emit)
    const { curves } = student.manifest
    const epochs = Math.max(1, ...curves.map(({ epoch }) => epoch))
    return { curves, trainedTokens: tokens * epochs, run: null }
  },
  async run({ configFile, data }, { emit, signal }) {
    const { runPipeline } = await import('../../pipeline.ts')
    const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string }
    const { run, folder, summary } = await drain(
      runPipeline({
        configFile,
        data,
        environment: process.env,
        fresh: false,
        signal,
        now: () => new Date(),
        version,
        command: 'potstill',
      }),
      emit,
    )
    const student = join(folder, 'train', 'student')
    const { curves } = JSON.parse(await readFile(join(student, 'manifest.json'), 'utf8')) as Manifest
    const report = await readFile(join(folder, 'report.md'), 'utf8')
    return { curves, trainedTokens: null, run: { id: run, student, verdict: summary, report } }
  },
})
