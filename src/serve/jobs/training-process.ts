/** The process that trains: a student is trained by busy loops, and the server has to go on answering. */
import { drain } from '../../core/event.ts'
import { trainOnFiles } from '../../pipeline/train-on-files.ts'
import { serveParent } from '../../students/lm/process/serve-parent.ts'
import type { JobCalls } from './training-calls.ts'

serveParent<JobCalls>({
  async train(input, { emit }) {
    const { student, tokens } = await drain(trainOnFiles(input), emit)
    const { curves, training } = student.manifest
    const epochs = Math.max(1, ...curves.map(({ epoch }) => epoch))
    return { curves, trainedTokens: tokens * epochs, rows: training.rows }
  },
})
