/** A further model picks the best of several drafts, or writes one answer from all of them. */
import type { ChatModel, ChatRequest, Reply } from '../../../core/chat-model.ts'
import { isJsonObject } from '../../../core/json.ts'
import { asItIs, validDrafts, type Combiner, type Draft } from './draft.ts'

/** Asked twice, the drafts in opposite order: where the order decides, the first teacher's draft stands. */
export const bestOf: Combiner = async (drafts, { judge, rubric }, request, signal) => {
  const choices = distinct(validDrafts(drafts).map(({ draft }) => draft))
  if (choices.length < 2 || judge === undefined) return asItIs(choices[0] ?? drafts[0])
  const forwards = await pick(judge, rubric, choices, request, signal)
  const backwards = await pick(judge, rubric, [...choices].reverse(), request, signal)
  const agreed = forwards.draft !== null && forwards.draft === backwards.draft
  const further = [forwards.reply, backwards.reply]
  return { ...asItIs(agreed ? (forwards.draft ?? choices[0]) : choices[0]), further }
}

/** The writer is asked in the words of the task, with the drafts below the input, and held to the task's shape. */
export const blend: Combiner = async (drafts, { judge, rubric }, request, signal) => {
  const choices = distinct(validDrafts(drafts).map(({ draft }) => draft))
  if (choices.length < 2 || judge === undefined) return asItIs(choices[0] ?? drafts[0])
  const instruction = [
    'Several assistants have drafted an answer. Write the one best answer, in the form that is asked for above. Take from each draft what is right; do not mention the drafts.',
    ...(rubric === undefined ? [] : [rubric]),
    listOf(choices),
  ].join('\n\n')
  const reply = await judge.complete(
    { ...request, messages: [...request.messages, { role: 'user', content: instruction }] },
    signal,
  )
  return { content: reply.content, finishReason: reply.finishReason, further: [reply] }
}

const choiceSchema = {
  type: 'object',
  properties: { best: { type: 'integer', minimum: 1 } },
  required: ['best'],
  additionalProperties: false,
} as const

async function pick(
  judge: ChatModel,
  rubric: string | undefined,
  choices: readonly Draft[],
  { messages }: ChatRequest,
  signal: AbortSignal | undefined,
): Promise<{ readonly draft: Draft | null; readonly reply: Reply }> {
  const conversation = messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n')
  const question = [
    'Which of these answers to the conversation is best: right first of all, then complete, then in the form that was asked for? Their order means nothing.',
    ...(rubric === undefined ? [] : [rubric]),
    `Conversation:\n${conversation}`,
    listOf(choices),
    'Answer with JSON: {"best": <number of the answer>}',
  ].join('\n\n')
  const reply = await judge.complete(
    { messages: [{ role: 'user', content: question }], schema: choiceSchema, temperature: 0 },
    signal,
  )
  return { draft: choices[numberOf(reply.content) - 1] ?? null, reply }
}

/** NaN where the judge gave no number: no draft is picked then. */
function numberOf(content: string): number {
  try {
    const value: unknown = JSON.parse(content)
    return isJsonObject(value) ? Number(value.best) : Number(value)
  } catch {
    return Number.NaN
  }
}

function listOf(choices: readonly Draft[]): string {
  return choices.map(({ reply }, index) => `Answer ${index + 1}:\n${reply.content}`).join('\n\n')
}

function distinct(drafts: readonly Draft[]): Draft[] {
  const seen = new Set<string>()
  return drafts.filter(({ reply }) => {
    const fresh = !seen.has(reply.content.trim())
    seen.add(reply.content.trim())
    return fresh
  })
}
