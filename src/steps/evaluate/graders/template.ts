/** Templates of graders and runs: {{item.x}} and {{sample.y}} become text; nothing else is evaluated. */
import { isJsonObject, type Json, type JsonObject } from '../../../core/json.ts'

/** What a template may name: the row of data, and the answer that is judged. */
export interface Variables {
  readonly item: Json
  /** Absent where nothing was answered yet, as in the messages that ask for the answer. */
  readonly sample?: JsonObject
}

export type Filled = { readonly text: string } | { readonly missing: string }

const slot = /\{\{([^{}]*)\}\}/gu

/**
 * Each {{path}} once, from left to right: what is inserted is not read again. Texts go in as they are, other
 * values as JSON. Where a path leads nowhere, its name comes back instead of a text.
 */
export function fillTemplate(template: string, variables: Variables): Filled {
  let missing: string | undefined
  const text = template.replaceAll(slot, (_, inside: string) => {
    const path = inside.trim()
    const value = lookUp(path, variables)
    if (value === undefined) missing ??= path
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  })
  return missing === undefined ? { text } : { missing }
}

/** The value at a path such as `item.customer.name`, `item.tags[0]` or `sample.output_json["total due"]`. */
export function lookUp(path: string, variables: Variables): Json | undefined {
  const segments = pathSegments(path)
  if (segments === null) return undefined
  const [root, ...rest] = segments
  if (root !== 'item' && root !== 'sample') return undefined
  return rest.reduce<Json | undefined>(childOf, variables[root])
}

/** All paths that a template names, for checks before anything is asked. */
export function templatePaths(template: string): readonly string[] {
  return [...template.matchAll(slot)].map(([, inside]) => inside.trim())
}

/** False for what can never be filled: another namespace than item and sample, or bad syntax. */
export function isTemplatePath(path: string): boolean {
  const root = pathSegments(path)?.[0]
  return root === 'item' || root === 'sample'
}

function childOf(value: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(value)) return /^\d+$/u.test(key) ? (value as readonly Json[])[Number(key)] : undefined
  return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

/** Names with dots between them, `[0]` and `["any name"]`; null for anything else. */
function pathSegments(path: string): string[] | null {
  const part = /\.?([^.[\]"'\s][^.[\]]*)|\[(\d+)\]|\["([^"]*)"\]|\['([^']*)'\]/uy
  const segments: string[] = []
  while (part.lastIndex < path.length) {
    const match = part.exec(path)
    if (match === null) return null
    segments.push(match[1] ?? match[2] ?? match[3] ?? match[4])
  }
  return segments.length === 0 ? null : segments
}
