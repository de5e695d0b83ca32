/** The potstill.yaml of an import. */
import { stringify } from 'yaml'
import type { GraderConfig } from '../../core/config.ts'
import type { JsonObject } from '../../core/json.ts'
import type { Task } from '../../core/task.ts'
import { convertCriteria } from './convert-criteria.ts'
import type { ImportedEval } from './imported-row.ts'
import { teacherRows, type PlannedRows } from './planned-rows.ts'

export interface ConfigParts {
  readonly task: Task
  readonly rows: PlannedRows
  readonly evals: readonly ImportedEval[]
  /** Sentences are added to it. */
  readonly notes: string[]
}

/** A small open model to begin with, for answers that are free text. */
const languageModel = 'HuggingFaceTB/SmolLM2-135M-Instruct'

export function importedConfig({ task, rows, evals, notes }: ConfigParts): string {
  const { output } = task
  const graders: readonly GraderConfig[] = [
    ...convertCriteria(evals, notes),
    ...(output.kind === 'text' && evals.length === 0 ? [similarity] : []),
  ]
  const config: JsonObject = {
    name: task.name,
    task: {
      input: 'input',
      ...(task.prompt === '' ? {} : { prompt: 'prompt.md' }),
      output:
        output.kind === 'json'
          ? 'schema.json'
          : output.kind === 'labels'
            ? { labels: output.labels }
            : 'text',
    },
    data: {
      ...(rows.labelled.length === 0 ? {} : { labelled: 'data/labelled.jsonl' }),
      ...(rows.answered.length + rows.open.length === 0 ? {} : { unlabelled: 'data/unlabelled.jsonl' }),
      ...(rows.evaluation.length === 0 ? {} : { evaluation: 'data/evaluation.jsonl' }),
    },
    teacher: { model: teacherRows(rows).length > 0 ? 'recorded/teacher' : 'openai/gpt-6-sol' },
    student: output.kind === 'text' ? { kind: 'lm', base: languageModel } : { kind: 'micro' },
    ...(graders.length === 0 ? {} : { evaluate: { graders: graders as unknown as readonly JsonObject[] } }),
  }
  explainTeacher(rows, notes)
  if (rows.answered.length > 0 && rows.open.length > 0) {
    notes.push(
      `${rows.open.length} inputs without an answer lie in data/unanswered.jsonl, for a live teacher.`,
    )
  }
  return `# Written by potstill import. It works as it is:\n#   potstill run\n${stringify(config, { lineWidth: 0 })}`
}

const similarity: GraderConfig = {
  type: 'text_similarity',
  metric: 'rouge_l',
  input: '{{sample.output_text}}',
  reference: '{{item.expected}}',
}

function explainTeacher(rows: PlannedRows, notes: string[]): void {
  if (rows.answered.length > 0) {
    const models = [...new Set(rows.answered.map(({ answeredBy }) => answeredBy ?? 'unknown'))]
    notes.push(
      `The teacher is the recorded answers of ${models.join(', ')}. To ask it live instead, set teacher.model, for example openai/gpt-6-sol.`,
    )
  } else if (teacherRows(rows).length > 0) {
    notes.push(
      'The teacher is the file’s own answers, so it is always right. To compare with the model that the student would replace, set teacher.model to it.',
    )
  } else {
    notes.push('The teacher is asked live: set its key in the environment, or name another in teacher.model.')
  }
}
