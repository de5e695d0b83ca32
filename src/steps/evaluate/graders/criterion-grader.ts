/** A criterion as a grader of `potstill evaluate`: the row is its item, the answer its sample. */
import type { Answer, Grader } from '../../../core/grader.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { Row } from '../../../core/row.ts'
import type { Criterion } from './criterion.ts'
import { gradeCriterion, type GraderTools } from './grade-criterion.ts'
import type { Variables } from './template.ts'

/** `tools` is asked for only once a row is judged. */
export function criterionGrader(criterion: Criterion, tools: () => GraderTools): Grader {
  return {
    name: criterion.name,
    waits: waits(criterion),
    async grade(row, answer) {
      const grade = await gradeCriterion(criterion, variablesOf(row, answer), tools())
      return 'error' in grade
        ? { error: grade.error }
        : { score: grade.share, passed: grade.passed, reason: grade.reason }
    },
  }
}

function waits(criterion: Criterion): boolean {
  if (criterion.type === 'text_similarity') return criterion.evaluation_metric === 'cosine'
  return criterion.type === 'label_model' || criterion.type === 'score_model' || criterion.type === 'python'
}

/** `item` has the row's id, input and expected answer; `sample` the reply's text and, where it is valid, its value. */
function variablesOf(row: Row, { reply, value }: Answer): Variables {
  const item: JsonObject = {
    id: row.id,
    input: row.input,
    ...(row.expected === undefined ? {} : { expected: row.expected }),
  }
  return { item, sample: sampleOf(reply.content, value) }
}

function sampleOf(content: string, value: Answer['value']): JsonObject {
  return { output_text: content, ...(value === undefined ? {} : { output_json: value }) }
}
