/** Walks the config's zod schema: every key with its default, and the types of graders. */
import { configSchema } from '../../src/core/config.ts'

/** What a zod schema says of itself, as far as it is read here. */
interface Definition {
  readonly type: string
  readonly innerType?: Schema
  readonly defaultValue?: unknown
  readonly shape?: Readonly<Record<string, Schema>>
  readonly element?: Schema
  readonly options?: readonly Schema[]
  readonly valueType?: Schema
  /** Of a literal. */
  readonly values?: readonly string[]
}
interface Schema {
  readonly def: Definition
}

/** The keys of the records in docs/config.md. */
const recordKeys: Readonly<Record<string, string>> = { providers: '<name>', prices: '<model>' }

/** Every key of the config by its dotted path (`arms[].name`, `prices.<model>.input`) to its default. */
export function configKeys(): ReadonlyMap<string, string> {
  const keys = new Map<string, string>()
  collectKeys(configSchema, '', keys)
  return keys
}

function collectKeys(schema: Schema, path: string, keys: Map<string, string>): void {
  const { shape, element, options, valueType } = unwrap(schema).def
  for (const option of options ?? []) collectKeys(option, path, keys)
  if (element !== undefined) collectKeys(element, `${path}[]`, keys)
  if (valueType !== undefined) collectKeys(valueType, `${path}.${recordKeys[path] ?? '<key>'}`, keys)
  for (const [name, child] of Object.entries(shape ?? {})) {
    const childPath = path === '' ? name : `${path}.${name}`
    // Keys of a schema that is written in the config are not ours.
    if (childPath === 'task.output.type') continue
    const below = new Map<string, string>()
    collectKeys(child, childPath, below)
    // A group is documented by its keys; what may also be written without them has a line of its own.
    const alsoPlain = unwrap(child).def.type === 'union' || childPath === 'evaluate.graders'
    if (below.size === 0 || alsoPlain) keys.set(childPath, keys.get(childPath) ?? fallbackOf(child))
    for (const [key, fallback] of below) keys.set(key, keys.get(key) ?? fallback)
  }
}

/** The schema inside defaults and optionals. */
function unwrap(schema: Schema): Schema {
  return schema.def.innerType === undefined ? schema : unwrap(schema.def.innerType)
}

/** As docs/config.md writes it: "required", "-" or a JSON value. */
function fallbackOf({ def }: Schema): string {
  if (def.type === 'optional') return '-'
  return def.type === 'default' || def.type === 'prefault' ? JSON.stringify(def.defaultValue) : 'required'
}

/** The types that `evaluate.graders` takes. */
export function graderTypes(): string[] {
  const list = unwrap(configSchema.shape.evaluate).def.shape?.graders
  const union = list === undefined ? undefined : unwrap(list).def.element
  return (union?.def.options ?? []).flatMap(({ def }) => def.shape?.type.def.values ?? [])
}
