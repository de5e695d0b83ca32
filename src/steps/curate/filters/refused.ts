/** Replies in which the teacher declines. */
import { eachRow } from '../entry.ts'

const verbs =
  'help|assist|comply|fulfil|fulfill|provide|answer|respond|continue|create|generate|write|do that|discuss|engage'
const unable = `(?:can(?:no|['’])?t|could not|won['’]?t|will not|am not able to|['’]m not able to|am unable to|['’]m unable to)`
const apology = `(?:(?:i['’]?m|i am|we['’]re) (?:very |so |really )?sorry|sorry|i apologi[sz]e|unfortunately)[,.:;]?(?: but)?[, ]*`

/** How replies begin that decline in words; looked for where the words themselves are not a valid answer. */
const declines = [
  new RegExp(`^(?:${apology})?i ?${unable} (?:${verbs})\\b`, 'iu'),
  /^(?:i['’]m|i am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b/iu,
  /^as an? (?:ai|artificial intelligence|(?:large )?language model)\b/iu,
]

export const refused = eachRow('the teacher declined to answer', ({ candidate, answer }, { task }) => {
  if (!('reply' in candidate)) return null
  const { reply } = candidate
  if (reply.refusal !== undefined && reply.refusal !== '') return reply.refusal
  if (reply.finishReason === 'content_filter') return "stopped by the provider's content filter"
  const inWords = task.output.kind === 'text' || 'invalid' in answer
  const content = reply.content.trim()
  return inWords && declines.some((pattern) => pattern.test(content)) ? content.slice(0, 200) : null
})
