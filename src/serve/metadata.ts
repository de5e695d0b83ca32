/** Metadata as OpenAI has it: at most 16 pairs, keys to 64 and values to 512 characters; in a query `metadata[key]=value`. */
import { z } from 'zod'
import { apiError } from './api-error.ts'

const mostPairs = 16

export const metadataSchema = z
  .record(
    z.string().min(1).max(64, 'a key is at most 64 characters long'),
    z.string('a value must be text').max(512, 'a value is at most 512 characters long'),
  )
  .refine((pairs) => Object.keys(pairs).length <= mostPairs, `at most ${mostPairs} pairs`)

export type Metadata = z.output<typeof metadataSchema>

/** The pairs that a query asks for; undefined where it names none. @throws a 400 for pairs that no record can have. */
export function metadataOfQuery(url: string): Metadata | undefined {
  const pairs = [...new URL(url).searchParams].flatMap(([name, value]): [string, string][] => {
    const key = /^metadata\[(.*)\]$/s.exec(name)?.[1]
    return key === undefined ? [] : [[key, value]]
  })
  if (pairs.length === 0) return undefined
  const parsed = metadataSchema.safeParse(Object.fromEntries(pairs))
  if (parsed.success) return parsed.data
  throw apiError(400, `metadata: ${parsed.error.issues[0].message}`, { param: 'metadata' })
}

/** Whether the metadata has all pairs that are asked for. */
export function hasMetadata(metadata: Metadata | null | undefined, asked: Metadata): boolean {
  return Object.entries(asked).every(
    ([key, value]) => Object.hasOwn(metadata ?? {}, key) && metadata?.[key] === value,
  )
}
