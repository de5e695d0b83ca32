/** Puts placeholders in the place of personal data, the same for the same value throughout a row and its answer. */
import { maskKinds, type MaskKind } from '../../../core/masking.ts'
import type { Json } from '../../../core/json.ts'
import type { Example } from '../../../core/row.ts'
import { detectors, type Span } from './detectors.ts'

export type MaskCounts = Readonly<Record<MaskKind, number>>

export interface MaskedExample {
  readonly example: Example
  /** Values that were replaced, by kind; one that stands in several places counts once. */
  readonly counts: MaskCounts
}

/** Of a row the input, what stands before it and the earlier turns, and of the answer all texts. The row's key stays. */
export function maskExample(example: Example, kinds: readonly MaskKind[]): MaskedExample {
  const mask = createMask(kinds)
  const { row } = example
  const context = row.context === undefined ? undefined : mask.text(row.context)
  const own = mask.text(row.input.slice(row.context?.length ?? 0))
  const history = row.history?.map((turn) => ({ ...turn, content: mask.text(turn.content) }))
  const output = maskJson(example.output, mask)
  const counts = mask.counts()
  if (Object.values(counts).every((count) => count === 0)) return { example, counts }
  return {
    example: {
      ...example,
      row: {
        ...row,
        input: `${context ?? ''}${own}`,
        ...(context === undefined ? {} : { context }),
        ...(history === undefined ? {} : { history }),
      },
      output,
    },
    counts,
  }
}

/** All of them, and how many values were replaced of each kind that was asked for; null when none was. */
export function maskExamples(
  examples: readonly Example[],
  kinds: readonly MaskKind[],
): { readonly examples: readonly Example[]; readonly masked: Partial<MaskCounts> | null } {
  if (kinds.length === 0) return { examples, masked: null }
  const all = examples.map((example) => maskExample(example, kinds))
  const masked = kinds.map((kind) => [kind, all.reduce((sum, { counts }) => sum + counts[kind], 0)] as const)
  return { examples: all.map(({ example }) => example), masked: Object.fromEntries(masked) }
}

interface Mask {
  text(text: string): string
  counts(): MaskCounts
}

function createMask(kinds: readonly MaskKind[]): Mask {
  const placeholders = new Map<string, string>()
  const counts = Object.fromEntries(maskKinds.map((kind) => [kind, 0])) as Record<MaskKind, number>
  const placeholderOf = (kind: MaskKind, value: string): string => {
    const known = placeholders.get(value)
    if (known !== undefined) return known
    const placeholder = `[${kind.toUpperCase()}_${++counts[kind]}]`
    placeholders.set(value, placeholder)
    return placeholder
  }
  return {
    text(text) {
      let masked = ''
      let end = 0
      for (const found of findAll(text, kinds)) {
        masked += text.slice(end, found.start) + placeholderOf(found.kind, text.slice(found.start, found.end))
        end = found.end
      }
      return masked + text.slice(end)
    },
    counts: () => ({ ...counts }),
  }
}

interface Found extends Span {
  readonly kind: MaskKind
}

/** In the order of the text, none overlapping another. */
function findAll(text: string, kinds: readonly MaskKind[]): Found[] {
  const found: Found[] = []
  for (const kind of maskKinds.filter((known) => kinds.includes(known))) {
    for (const span of detectors[kind](text)) {
      const overlaps = found.some(({ start, end }) => span.start < end && start < span.end)
      if (!overlaps) found.push({ ...span, kind })
    }
  }
  return found.sort((a, b) => a.start - b.start)
}

function maskJson(value: Json, mask: Mask): Json {
  if (typeof value === 'string') return mask.text(value)
  if (Array.isArray(value)) return value.map((item: Json) => maskJson(item, mask))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskJson(item, mask)]))
}
