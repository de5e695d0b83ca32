/** What curation is given, and the form in which its filters see it. */
import { renderAnswer } from '../../core/answer.ts'
import type { Reply } from '../../core/chat-model.ts'
import type { CurationReason } from '../../core/curation.ts'
import { canonicalJson, type Json } from '../../core/json.ts'
import type { Example, Row } from '../../core/row.ts'
import type { ParsedAnswer, Task } from '../../core/task.ts'

/** A row that people labelled, or one that the teacher was asked about and what became of asking. */
export type Candidate =
  | Example
  | ({ readonly row: Row } & ({ readonly reply: Reply } | { readonly fault: string }))

/** A candidate with its answer read. Entries keep the order of the candidates. */
export interface Entry {
  readonly candidate: Candidate
  readonly row: Row
  readonly origin: 'labelled' | 'teacher'
  readonly answer: ParsedAnswer
  /** Equal for answers that the graders would call equal. */
  readonly answerKey: string
}

export interface Removal {
  readonly entry: Entry
  readonly detail: string
  /** The row that this one repeats or would leak, and how similar they are, 0..1. */
  readonly other?: Row
  readonly similarity?: number
}

export interface FilterContext {
  readonly task: Task
  readonly evaluation: readonly Row[]
  readonly nearDuplicateSimilarity: number
  readonly leakSimilarity: number
  readonly maxPerValue: Readonly<Record<string, number>>
}

/** One a reason. It sees what the filters before it have left, and names what goes. */
export interface Filter {
  /** What the reason means, for the report. */
  readonly meaning: string
  find(entries: readonly Entry[], context: FilterContext): Iterable<Removal>
}

export type Filters = Readonly<Record<CurationReason, Filter>>

export function createEntry(
  candidate: Candidate,
  task: Task,
  parse: (content: string) => ParsedAnswer,
): Entry {
  const answer = readAnswer(candidate, task, parse)
  return {
    candidate,
    row: candidate.row,
    origin: 'output' in candidate ? candidate.origin : 'teacher',
    answer,
    answerKey: 'value' in answer ? canonicalJson(clean(answer.value)) : '',
  }
}

/** The answer of an entry that the validity filter let through. */
export function valueOf({ answer }: Entry): Json {
  return 'value' in answer ? answer.value : null
}

/** All that the model reads of a row, to tell whether two rows are the same. */
export function wholeText(row: Row): string {
  return turnsOf(row, row.input)
}

/** The same without context lines, to tell how similar two rows are: what all rows share would make all similar. */
export function ownText(row: Row): string {
  return turnsOf(row, row.input.slice(row.context?.length ?? 0))
}

function turnsOf({ history = [] }: Row, last: string): string {
  return [...history.map(({ content }) => content), last].join('\n')
}

/** A filter that looks at one entry at a time; `check` gives the detail, or null to keep it. */
export function eachRow(
  meaning: string,
  check: (entry: Entry, context: FilterContext) => string | null,
): Filter {
  return {
    meaning,
    *find(entries, context) {
      for (const entry of entries) {
        const detail = check(entry, context)
        if (detail !== null) yield { entry, detail }
      }
    },
  }
}

export function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return [...groups.values()]
}

function readAnswer(
  candidate: Candidate,
  task: Task,
  parse: (content: string) => ParsedAnswer,
): ParsedAnswer {
  if ('fault' in candidate) return { invalid: candidate.fault }
  return parse('reply' in candidate ? candidate.reply.content : renderAnswer(task, candidate.output))
}

/** Strings after NFC and trim, as answers are compared everywhere. */
function clean(value: Json): Json {
  if (typeof value === 'string') return value.normalize('NFC').trim()
  if (Array.isArray(value)) return value.map((item: Json) => clean(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, clean(item)]))
}
