/** Rows beyond the number that the config allows for one value of a field. */
import { PotstillError } from '../../../core/errors.ts'
import { canonicalJson, valueAt } from '../../../core/json.ts'
import type { OutputField, Task } from '../../../core/task.ts'
import { valueOf, type Entry, type Filter, type Removal } from '../entry.ts'

/** Labelled rows stay first, then the others in an order that has nothing to do with the file's. */
export const overClassLimit: Filter = {
  meaning: 'more rows of one value than curate.maxPerValue allows',
  *find(entries, { task, maxPerValue }) {
    const removed = new Set<Entry>()
    for (const field of task.fields) {
      const limit = Object.hasOwn(maxPerValue, field.path) ? maxPerValue[field.path] : Infinity
      const left = entries.filter((entry) => !removed.has(entry)).sort(labelledFirst)
      for (const removal of beyondLimit(left, field, limit)) {
        removed.add(removal.entry)
        yield removal
      }
    }
  },
}

function* beyondLimit(entries: readonly Entry[], field: OutputField, limit: number): Generator<Removal> {
  const counts = new Map<string, number>()
  for (const entry of entries) {
    const value = canonicalJson(valueAt(valueOf(entry), field.segments) ?? null)
    const count = (counts.get(value) ?? 0) + 1
    counts.set(value, count)
    if (count > limit) yield { entry, detail: `${field.path} is ${value} in ${limit} other rows` }
  }
}

function labelledFirst(a: Entry, b: Entry): number {
  if (a.origin !== b.origin) return a.origin === 'labelled' ? -1 : 1
  return a.row.key < b.row.key ? -1 : 1
}

/** @throws CONFIG_INVALID for a limit on a field that is not there: worth calling before anything is spent. */
export function checkClassLimits(task: Task, maxPerValue: Readonly<Record<string, number>>): void {
  const paths = task.fields.map(({ path }) => path)
  const unknown = Object.keys(maxPerValue).find((path) => !paths.includes(path))
  if (unknown === undefined) return
  throw new PotstillError('CONFIG_INVALID', `curate.maxPerValue names no field: ${JSON.stringify(unknown)}`, {
    hint: `The fields are ${paths.join(', ')}.`,
  })
}
