/**
 * What holding answers to a schema costs: `npm run bench -- lm-constraint --model PATH`. Writes the support desk's
 * expected answers under its schema, each as if a model chose its very tokens, and says how many of them were
 * forced; then the masks of a free string, first and again.
 */
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { JsonObject } from '../src/core/json.ts'
import { createConstraint } from '../src/students/lm/constrain/constraint.ts'
import { createTokenizer, type TextTokenizer } from '../src/students/lm/text/tokenizer.ts'
import type { ConstraintSource } from '../src/students/lm/types.ts'
import { openBaseModel } from '../src/students/lm/weights/base-model.ts'

const desk = 'examples/support-desk'
const maxTokens = 512

interface Cost {
  tokens: number
  forced: number
  longestMs: number
  totalMs: number
}

export async function benchLmConstraint(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...args], options: { model: { type: 'string' } } })
  if (values.model === undefined) throw new Error('Give --model PATH, a GGUF file or a folder.')
  const base = await openBaseModel(values.model)
  const tokenizer = createTokenizer(base.tokenizer)
  await base.close()
  const schema = JSON.parse(await readFile(`${desk}/schema.json`, 'utf8')) as JsonObject
  const lines = (await readFile(`${desk}/data/evaluation.jsonl`, 'utf8')).trim().split('\n')
  const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  const keys = Object.keys(schema.properties as JsonObject)
  const answers = rows.map((row) => {
    const from = (
      typeof row.expected === 'object' && row.expected !== null ? row.expected : row
    ) as typeof row
    return {
      input: String(row.message),
      text: JSON.stringify(Object.fromEntries(keys.map((key) => [key, from[key] ?? null]))),
    }
  })
  for (const round of ['first', 'again']) {
    const cost: Cost = { tokens: 0, forced: 0, longestMs: 0, totalMs: 0 }
    for (const { input, text } of answers) follow({ kind: 'json', schema, input }, tokenizer, text, cost)
    process.stdout.write(
      `${round}: ${answers.length} answers, ${cost.tokens} tokens, ${cost.forced} forced; ` +
        `${(cost.totalMs / answers.length).toFixed(2)} ms an answer, ${cost.longestMs.toFixed(1)} ms the longest step\n`,
    )
  }
  const free = createConstraint({ kind: 'json', schema: { type: 'string' } }, tokenizer)
  free.advance(tokenizer.encode('"')[0])
  for (const round of ['first', 'again']) {
    const start = performance.now()
    free.allowed(maxTokens)
    process.stdout.write(`free string, mask ${round}: ${(performance.now() - start).toFixed(3)} ms\n`)
  }
}

/** Adds up what a constraint takes where a model writes just this text. */
function follow(source: ConstraintSource, tokenizer: TextTokenizer, text: string, cost: Cost): void {
  const ids = Array.from(tokenizer.encode(text))
  const timed = <Result>(work: () => Result): Result => {
    const start = performance.now()
    const result = work()
    const ms = performance.now() - start
    cost.totalMs += ms
    cost.longestMs = Math.max(cost.longestMs, ms)
    return result
  }
  const constraint = timed(() => createConstraint(source, tokenizer))
  for (let at = 0; at < ids.length;) {
    const forced = timed(() => constraint.forced(maxTokens - at))
    if (forced.length === 0) timed(() => constraint.allowed(maxTokens - at))
    for (const id of forced.length > 0 ? forced : [ids[at]]) {
      if (id !== ids[at++]) throw new Error(`Forced another token than those of ${text}`)
      timed(() => constraint.advance(id))
    }
    cost.forced += forced.length
  }
  cost.tokens += ids.length
}
