/** python: OpenAI's `def grade(sample, item)`, only where it was allowed and can be locked in. */
import type { CriterionJudge } from '../grade-criterion.ts'
import { readReturned } from '../parse-judgement.ts'
import { scored } from './outcome.ts'

/** Also the answer to whoever would run one on a server that was started without the flag. */
export const pythonRefusal =
  'python graders run only where the server was started with --allow-python-graders, on Linux; a grader of type "javascript" with function grade(sample, item) runs everywhere'

export const pythonGrade: CriterionJudge<'python'> = async (criterion, { sample, item }, tools) => {
  if (tools.python === null) return { error: pythonRefusal, fault: 'python_refused' }
  const sandbox = await tools.python()
  const returned = await sandbox.run(criterion.source, sample ?? {}, item)
  if ('error' in returned) return { error: returned.error, fault: 'python_runtime' }
  const read = readReturned(returned.value)
  if (read === null || !Number.isFinite(read.score)) {
    const shown = JSON.stringify(returned.value).slice(0, 80)
    return { error: `grade must return a number, got ${shown}`, fault: 'python_runtime' }
  }
  const threshold = criterion.pass_threshold ?? 1
  return scored(
    read.score,
    threshold,
    read.reason ?? `grade returned ${read.score}, passes from ${threshold}`,
  )
}
