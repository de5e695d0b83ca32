/** Config text to Config: YAML syntax, unknown keys, wrong values; each error with its line, path, value and a hint. */
import { LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { configSchema, type Config } from './config.ts'
import { messageOf, PotstillError } from './errors.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** @throws CONFIG_INVALID naming the file, the line, the key, its value and what was expected. */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  if (document.errors.length > 0) {
    const fault = document.errors[0]
    const at = lines.linePos(fault.pos[0])
    throw new PotstillError(
      'CONFIG_INVALID',
      `${file}:${at.line}:${at.col}: not valid YAML: ${fault.message}`,
      {
        hint: 'Check indentation and quotes near that place.',
      },
    )
  }
  const values = toValues(document, file)
  const result = configSchema.safeParse(values)
  if (result.success) return result.data
  const faults = result.error.issues.flatMap((issue) => describe(issue, values))
  const located = faults.map(({ path, text: fault }) => `${file}:${lineOf(document, lines, path)}: ${fault}`)
  const more = located.length > 5 ? [`(and ${located.length - 5} more)`] : []
  throw new PotstillError('CONFIG_INVALID', [...located.slice(0, 5), ...more].join('\n'), {
    // A slip of the pen explains what is missing, too.
    hint: faults.find(({ hint }) => hint?.startsWith('Did you mean'))?.hint ?? faults[0].hint,
  })
}

function toValues(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch (error) {
    throw new PotstillError('CONFIG_INVALID', `${file}: ${messageOf(error)}`, {
      hint: 'Use fewer YAML aliases.',
    })
  }
}

interface Fault {
  readonly path: Path
  readonly text: string
  readonly hint?: string
}

function describe(issue: Issue, values: unknown): Fault[] {
  const path = issue.path
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(path, key))
  }
  if (issue.code === 'invalid_union') return describeUnion(issue, values)
  const value = lookUp(values, path)
  const name = dotted(path)
  if (value === undefined) {
    return [{ path, text: `${name} is missing; expected ${expectation(issue)}`, hint: hintFor(name) }]
  }
  return [{ path, text: `${name} must be ${expectation(issue)}, got ${show(value)}`, hint: hintFor(name) }]
}

/** Of a union's alternatives the one that fits best speaks: the one with the fewest faults below the top. */
function describeUnion(issue: Extract<Issue, { code: 'invalid_union' }>, values: unknown): Fault[] {
  const deep = issue.errors.filter((alternative) =>
    alternative.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  )
  const best = deep.sort((a, b) => countFaults(a) - countFaults(b))[0]
  if (best !== undefined) {
    return best.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, values))
  }
  const name = dotted(issue.path)
  const value = lookUp(values, issue.path)
  const expected = describeAlternatives(name, issue)
  const verb = value === undefined ? 'is missing; expected' : 'must be'
  const got = value === undefined ? '' : `, got ${show(value)}`
  return [{ path: issue.path, text: `${name} ${verb} ${expected}${got}`, hint: hintFor(name) }]
}

/** Each key that is too much counts: the alternative that knows more of what is there was meant. */
function countFaults(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0)
}

function describeAlternatives(name: string, issue: Issue): string {
  if (name === 'task.output') return 'the path of a JSON Schema, a schema, { labels: [...] } or text'
  const note = (issue as { note?: string; discriminator?: string }).discriminator
  return note === undefined ? 'one of the documented forms' : `an object with a known "${note}"`
}

function unknownKey(path: Path, key: string): Fault {
  const near = nearest(key, keysAt(path))
  const place = path.length === 0 ? 'at the top level' : `under ${dotted(path)}`
  const known = keysAt(path)
  const hint =
    near !== undefined
      ? `Did you mean "${near}"?`
      : known.length > 0
        ? `Known ${place}: ${known.join(', ')}.`
        : undefined
  return { path: [...path, key], text: `${dotted([...path, key])} is not a known key ${place}`, hint }
}

const hints: Readonly<Record<string, string>> = {
  name: 'A short name such as support-desk; students and runs are listed under it.',
  data: 'Give data.unlabelled, data.labelled, data.evaluation, or several of them.',
  teacher: 'For example: teacher: { model: openai/gpt-6-sol }.',
  'teacher.model': 'For example openai/gpt-6-sol, recorded/<name>, or <provider>/<model>.',
  'task.output': 'For example: output: schema.json, or output: { labels: [spam, ham] }.',
  'verdict.marginPoints': '2 is a good start: two points of accuracy.',
  'evaluate.share': '0.3 is a good start.',
}

function hintFor(name: string): string | undefined {
  return hints[name]
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return article(issue.expected)
    case 'too_small':
      return bound(issue.origin, 'at least', 'above', issue.minimum, issue.inclusive)
    case 'too_big':
      return bound(issue.origin, 'at most', 'below', issue.maximum, issue.inclusive)
    case 'invalid_value':
      return issue.values.length === 1
        ? JSON.stringify(issue.values[0])
        : `one of ${issue.values.map((value) => String(value)).join(', ')}`
    case 'invalid_format':
      return issue.format === 'url' ? 'an http(s) URL' : issue.message
    default:
      return issue.message
  }
}

function bound(
  origin: string,
  inclusiveWord: string,
  exclusiveWord: string,
  limit: number | bigint,
  inclusive = true,
): string {
  const unit = origin === 'string' ? ' characters long' : origin === 'array' ? ' entries long' : ''
  return `${inclusive ? inclusiveWord : exclusiveWord} ${limit}${unit}`
}

function article(type: string): string {
  if (type === 'int') return 'a whole number'
  if (type === 'record') return 'an object'
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}

function keysAt(path: Path): string[] {
  let schemas: readonly unknown[] = [configSchema]
  for (const segment of path) {
    const places = schemas.flatMap(alternatives)
    schemas = places.map(({ element, shape }) =>
      typeof segment === 'number' ? element : shape?.[String(segment)],
    )
  }
  return [...new Set(schemas.flatMap(alternatives).flatMap(({ shape }) => Object.keys(shape ?? {})))]
}

/** The object and array schemas that may stand at a place: several for a union. */
function alternatives(schema: unknown): Introspected[] {
  const place = unwrap(schema)
  if (place === undefined) return []
  const options = place.def?.options
  return options === undefined ? [place] : options.flatMap(alternatives)
}

interface Introspected {
  readonly def?: { readonly options?: readonly unknown[] }
  readonly shape?: Readonly<Record<string, unknown>>
  readonly element?: unknown
}

/** The object or array schema inside defaults and optionals. */
function unwrap(schema: unknown): Introspected | undefined {
  let current = schema as (Introspected & { def?: { innerType?: unknown } }) | undefined
  while (
    current?.shape === undefined &&
    current?.element === undefined &&
    current?.def?.innerType !== undefined
  ) {
    current = current.def.innerType as typeof current
  }
  return current
}

/** The known key within two edits, if any. */
function nearest(key: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: editDistance(key.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  return ranked.length > 0 && ranked[0].distance <= Math.max(2, Math.floor(key.length / 3))
    ? ranked[0].name
    : undefined
}

/** Levenshtein distance by the two-row table. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(previous[j] + 1, current[j - 1] + 1, substitution))
    }
    previous = current
  }
  return previous[b.length]
}

function lookUp(values: unknown, path: Path): unknown {
  let current = values
  for (const segment of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = (current as Record<PropertyKey, unknown>)[segment]
  }
  return current
}

/** Line of the deepest node on the path that is in the file. */
function lineOf(document: Document, lines: LineCounter, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    const offset = keyOffset(parent, path[length - 1])
    if (offset !== undefined) return lines.linePos(offset).line
  }
  return 1
}

function keyOffset(parent: unknown, key: PropertyKey): number | undefined {
  const items = (parent as { items?: readonly unknown[] } | null)?.items
  if (items === undefined) return undefined
  if (typeof key === 'number') return rangeStart(items[key])
  const pair = items.find((item) => String((item as { key?: unknown }).key) === String(key))
  return rangeStart((pair as { key?: unknown } | undefined)?.key)
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | undefined)?.range?.[0]
}

function dotted(path: Path): string {
  return (
    path
      .map((segment) => (typeof segment === 'number' ? `[${segment}]` : `.${String(segment)}`))
      .join('')
      .replace(/^\./, '') || 'the file'
  )
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
