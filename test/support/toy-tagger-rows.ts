/** A made-up task for the tagger's tests: who goes where, from templates and a seed. */
import { createRandom } from '../../src/core/random.ts'
import type { SpanField, TaggerRow } from '../../src/students/micro/tagger/tag-rows.ts'

export const toyFields: readonly SpanField[] = [
  { key: 'city', list: false },
  { key: 'guests', list: true },
]

const guests = ['Ada', 'Boris', 'Chen', 'Dora', 'Emil', 'Farah', 'Goran', 'Hana', 'Ivo', 'Juno']
const cities = ['Rome', 'Oslo', 'New Delhi', 'Cape Town', 'Lima', 'São Paulo', 'Kyiv', 'Bonn']

export function toyRows(count: number, seed: number): TaggerRow[] {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => {
    const city = cities[random.below(cities.length)]
    const chosen = random.shuffle([...guests]).slice(0, 1 + random.below(3))
    const who = chosen.join(' and ')
    const forms: readonly TaggerRow[] = [
      { input: `please book a flight to ${city} for ${who}`, spans: { city: [city], guests: chosen } },
      { input: `${who} will travel to ${city} tomorrow.`, spans: { city: [city], guests: chosen } },
      { input: `a room for ${who}, please`, spans: { city: [], guests: chosen } },
      { input: 'what is the price of lunch?', spans: {} },
    ]
    return forms[random.below(forms.length)]
  })
}
