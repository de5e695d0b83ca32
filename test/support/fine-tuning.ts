/** A fine-tuning job from the client's side: a made-up training file, and waiting for what becomes of it. */
import { renderAnswer } from '../../src/core/answer.ts'
import type { FileView } from '../../src/serve/files/file-store.ts'
import type { JobView } from '../../src/serve/jobs/stored-job.ts'
import { deskExamples, deskTask } from './desk-examples.ts'
import type { ServedApp } from './serve-app.ts'

export const deskPrompt = 'Sort the message.'

/** Chat lines of the made-up support desk, made from the seed alone. */
export function deskLines(count: number, seed = 1): string {
  return deskExamples(count, seed)
    .map(({ row, output }) => {
      const messages = [
        { role: 'system', content: deskPrompt },
        { role: 'user', content: row.input },
        { role: 'assistant', content: renderAnswer(deskTask, output) },
      ]
      return `${JSON.stringify({ messages })}\n`
    })
    .join('')
}

export function uploadTraining(server: ServedApp, content: string, name = 'train.jsonl'): Promise<FileView> {
  const data = new FormData()
  data.append('purpose', 'fine-tune')
  data.append('file', new File([content], name))
  return server.json<FileView>('POST', '/files', data)
}

/** Asks again and again until `is` holds; it always does in the end, or the test runner's own limit speaks. */
export async function jobWhen(
  server: ServedApp,
  id: string,
  is: (job: JobView) => boolean,
): Promise<JobView> {
  for (;;) {
    const job = await server.json<JobView>('GET', `/fine_tuning/jobs/${id}`)
    if (is(job)) return job
    await new Promise((resolve) => setTimeout(resolve, 15))
  }
}

export const hasEnded = ({ status }: JobView): boolean =>
  ['succeeded', 'failed', 'cancelled'].includes(status)
