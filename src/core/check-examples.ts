/** What any kind of student says of its training rows before it learns from them. */
import { createAnswerParser, renderAnswer } from './answer.ts'
import { PotstillError } from './errors.ts'
import { canonicalJson } from './json.ts'
import type { Example } from './row.ts'
import type { Problem } from './student.ts'
import type { Task } from './task.ts'

/** Throws TRAINING_REFUSED with all errors among the problems, and the hint of the first; else does nothing. */
export function refuseErrors(problems: readonly Problem[]): void {
  const errors = problems.filter(({ level }) => level === 'error')
  if (errors.length === 0) return
  const { hint } = errors[0]
  const text = errors.map((error) => error.text).join('\n')
  throw new PotstillError('TRAINING_REFUSED', text, hint === undefined ? {} : { hint })
}

/** One error that counts the rows whose output is not valid for the task and quotes the first; else none. */
export function invalidOutputs(task: Task, examples: readonly Example[]): Problem[] {
  const parse = createAnswerParser(task)
  const invalid = examples.flatMap(({ row, output }) => {
    const answer = parse(renderAnswer(task, output))
    return 'invalid' in answer ? [`${row.source.file}:${row.source.line}: ${answer.invalid}`] : []
  })
  if (invalid.length === 0) return []
  const rows = invalid.length === 1 ? '1 row is' : `${invalid.length} rows are`
  const text = `${rows} not valid for the task, first ${invalid[0]}.`
  return [{ level: 'error', text, hint: 'Correct them, leave them out, or correct the schema.' }]
}

/** A warning where all outputs are the same. */
export function oneOutput(examples: readonly Example[]): Problem[] {
  const outputs = new Set(examples.map(({ output }) => canonicalJson(output)))
  if (outputs.size > 1) return []
  const text = 'All training rows have the same output, so the student will give it to every input.'
  return [{ level: 'warning', text, hint: 'Add rows with other outputs.' }]
}
