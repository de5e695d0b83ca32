/** A small made-up support desk: enough to train a micro student on within a second. */
import { createRandom } from '../../src/core/random.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { Example } from '../../src/core/row.ts'
import { exampleOf, jsonTask } from './micro-examples.ts'

const topics: Readonly<Record<string, readonly string[]>> = {
  billing: ['I was charged twice', 'the invoice is wrong', 'please refund my payment', 'why this charge'],
  access: ['I cannot sign in', 'my password is refused', 'the login page fails', 'locked out of my account'],
  sync: ['files do not sync', 'the folder is stuck', 'uploads never finish', 'my copies conflict'],
}
const moods = ['this is urgent, we cannot work', 'no hurry at all', 'thanks in advance']

export const deskTask = jsonTask(
  {
    topic: { enum: ['billing', 'access', 'sync', 'other'] },
    urgent: { type: 'boolean' },
    order: {
      type: 'object',
      properties: { reference: { type: ['string', 'null'], 'x-quoted': true } },
      required: ['reference'],
    },
    language: { enum: ['en'] },
  },
  { required: ['topic', 'urgent', 'order', 'language'], additionalProperties: false },
)

/** Made from the seed alone; every third message quotes a reference. */
export function deskExamples(count: number, seed = 1): Example[] {
  const random = createRandom(seed)
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]
  return Array.from({ length: count }, (_, index) => {
    const topic = pick(Object.keys(topics))
    const mood = pick(moods)
    const reference = index % 3 === 0 ? `INV-${1000 + random.below(9000)}` : null
    const about = reference === null ? '' : ` about ${reference}`
    const input = `Hello ${index}, ${pick(topics[topic])}${about}, ${mood}.`
    const output: JsonObject = { topic, urgent: mood === moods[0], order: { reference }, language: 'en' }
    return exampleOf(input, output)
  })
}
