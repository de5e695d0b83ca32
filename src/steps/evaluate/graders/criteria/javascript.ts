/** javascript: a function `grade(sample, item)` in a sandbox. */
import type { CriterionJudge } from '../grade-criterion.ts'
import { readReturned } from '../parse-judgement.ts'
import { runJavaScript } from '../sandbox/javascript-sandbox.ts'
import { scored } from './outcome.ts'

export const javascriptGrade: CriterionJudge<'javascript'> = async (criterion, { sample, item }) => {
  const returned = await runJavaScript(criterion.source, sample ?? {}, item)
  if ('error' in returned) return { error: returned.error, fault: 'other' }
  const read = readReturned(returned.value)
  if (read === null || !Number.isFinite(read.score)) {
    const shown = JSON.stringify(returned.value).slice(0, 80)
    return {
      error: `grade must return a number, true, false or { score, reason }, got ${shown}`,
      fault: 'other',
    }
  }
  const threshold = criterion.pass_threshold ?? 1
  return scored(
    read.score,
    threshold,
    read.reason ?? `grade returned ${read.score}, passes from ${threshold}`,
  )
}
