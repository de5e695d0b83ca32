/** Answers that are none of the task's, or that were cut off. */
import { eachRow } from '../entry.ts'

export const invalid = eachRow('not a valid answer of the task', ({ candidate, answer }) => {
  if ('reply' in candidate && candidate.reply.finishReason === 'length') return 'cut off at the token limit'
  return 'invalid' in answer ? answer.invalid : null
})
