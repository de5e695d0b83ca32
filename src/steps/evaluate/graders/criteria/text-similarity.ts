/** text_similarity: how near one text is to another, by a metric. */
import { isRowFault, messageOf } from '../../../../core/errors.ts'
import type { CriterionJudge } from '../grade-criterion.ts'
import { cosine, similarity } from '../metrics/similarity.ts'
import { fillAll, scored } from './outcome.ts'

/** Without one of its own, a grader passes at half. */
const defaultThreshold = 0.5

export const textSimilarityGrade: CriterionJudge<'text_similarity'> = async (criterion, variables, tools) => {
  const { evaluation_metric: metric, pass_threshold: threshold = defaultThreshold, model } = criterion
  const texts = fillAll({ input: criterion.input, reference: criterion.reference }, variables)
  if ('error' in texts) return texts
  const { input, reference } = texts
  if (metric !== 'cosine') return outcome(similarity(metric, input, reference))
  try {
    const [a, b] = await tools.embed(model, [input, reference])
    return outcome(cosine(a, b))
  } catch (error) {
    if (isRowFault(error)) return { error: messageOf(error), fault: 'judge_server' }
    throw error
  }

  function outcome(score: number): ReturnType<typeof scored> {
    return scored(score, threshold, `${metric} ${score.toFixed(3)}, passes from ${threshold}`)
  }
}
