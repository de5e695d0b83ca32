/** What a reader should know about the rows kept and removed, in sentences. */
import type { ClassShare, CurationReason, CurationSummary } from '../../core/curation.ts'

const leakReasons: readonly CurationReason[] = ['leak_exact', 'leak_near', 'leak_substring']

/** Shares of the candidates from which on a reason is worth a sentence. */
const notableLeaks = 0.05
const notableFailures = 0.1

export function warningsOf(
  summary: Omit<CurationSummary, 'warnings'>,
  removedLabels: number,
): readonly string[] {
  const { candidates, kept, removed } = summary
  const rowsOf = (...reasons: readonly CurationReason[]): number =>
    removed.filter(({ reason }) => reasons.includes(reason)).reduce((sum, { rows }) => sum + rows, 0)
  const share = (rows: number): string =>
    `${rows} of ${candidates} rows (${((100 * rows) / candidates).toFixed(1)} %)`
  const leaks = rowsOf(...leakReasons)
  const failures = rowsOf('failed', 'refused', 'invalid')
  const warnings: string[] = []
  if (kept === 0) warnings.push('No row is left to learn from.')
  if (candidates > 0 && leaks / candidates >= notableLeaks) {
    warnings.push(
      `${share(leaks)} were in or near the evaluation rows and were removed: are the two from one source?`,
    )
  }
  if (candidates > 0 && failures / candidates >= notableFailures) {
    warnings.push(`${share(failures)} have no usable answer.`)
  }
  if (removedLabels > 0) {
    const rows =
      removedLabels === 1
        ? '1 row that people labelled was'
        : `${removedLabels} rows that people labelled were`
    warnings.push(
      `${rows} removed because the label is not valid, quotes nothing of the input, or is contradicted.`,
    )
  }
  return kept === 0 ? warnings : [...warnings, ...summary.balance.flatMap(unseenValues)]
}

function unseenValues({ path, values }: ClassShare): string[] {
  const unseen = values.filter(({ rows }) => rows === 0).map(({ value }) => value)
  if (unseen.length === 0) return []
  const shown = unseen.slice(0, 5).join(', ') + (unseen.length > 5 ? ` and ${unseen.length - 5} more` : '')
  return [`No row kept has ${path} ${shown}: the student cannot learn what it never sees.`]
}
