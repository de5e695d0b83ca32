/** Adds up a run from its output items. */
import type { Criterion } from '../../steps/evaluate/graders/criterion.ts'
import type { CriterionCounts, RunView, StoredOutputItem } from './stored-eval.ts'
import { addUsage } from './usage.ts'

export type Tally = Pick<RunView, 'result_counts' | 'per_model_usage' | 'per_testing_criteria_results'>

export function emptyTally(criteria: readonly Criterion[], total: number): Tally {
  return {
    result_counts: { total, passed: 0, failed: 0, errored: 0 },
    per_model_usage: [],
    per_testing_criteria_results: criteria.map(({ name }) => ({
      testing_criteria: name,
      passed: 0,
      failed: 0,
      errored: 0,
    })),
  }
}

export function addToTally(tally: Tally, { view, usage }: StoredOutputItem): Tally {
  const { total, passed, failed, errored } = tally.result_counts
  const count = (status: string): number => Number(view.status === status)
  return {
    result_counts: {
      total,
      passed: passed + count('pass'),
      failed: failed + count('fail'),
      errored: errored + count('error'),
    },
    per_model_usage: addUsage(tally.per_model_usage, usage),
    per_testing_criteria_results: tally.per_testing_criteria_results.map((counts, index): CriterionCounts => {
      const result = view.results[index]
      const isError = result.error !== undefined
      return {
        ...counts,
        passed: counts.passed + Number(!isError && result.passed),
        failed: counts.failed + Number(!isError && !result.passed),
        errored: counts.errored + Number(isError),
      }
    }),
  }
}
