/** potstill trace: an answer that was served, led back to what taught it and what that cost. */
import type { Trace } from '../trace-answer.ts'
import { jsonOption, type CommandDefinition } from '../command.ts'

export const trace: CommandDefinition = {
  name: 'trace',
  positional: '<id>',
  summary: 'lead a served answer back to its model, the rows that taught it, and what they cost',
  description:
    'ID is that of the chat completion ("chatcmpl-…"), as the client has it. It must have been kept.',
  options: [jsonOption],
  async action({ positional, options, environment, workingDirectory, stdout }) {
    const { dataFolder } = await import('../../runs/run.ts')
    const { openStore } = await import('../../store/sqlite-store.ts')
    const { traceAnswer } = await import('../trace-answer.ts')
    const data = dataFolder(environment, workingDirectory)
    const store = openStore(data)
    try {
      const found = await traceAnswer(store, data, positional[0])
      stdout.write(options['json'] === true ? `${JSON.stringify(found)}\n` : forPerson(found))
      return 0
    } finally {
      await store.close()
    }
  },
}

function forPerson({ student, job, ...answer }: Trace): string {
  const lines: [string, string | null][] = [
    ['answer', answer.id],
    ['at', `${answer.at}, in ${answer.latencyMs.toFixed(1)} ms`],
    ['asked for', answer.askedFor],
    ['answered by', answer.answeredBy],
    ['why', answer.why],
    ['workload', answer.workload],
    ['price', answer.priceUsd === null ? null : `$${answer.priceUsd.toPrecision(3)}`],
    ['job', job],
    ...(student === null ? [] : studentLines(student)),
  ]
  return lines.flatMap(([name, value]) => (value === null ? [] : [`${name.padEnd(12)} ${value}\n`])).join('')
}

function studentLines(student: NonNullable<Trace['student']>): [string, string | null][] {
  const paid = student.paidRows === 0 ? '' : `, ${student.paidRows} of them answered for pay`
  const teachers = student.teachers.length === 0 ? '' : ` (${student.teachers.join(', ')})`
  return [
    ['run', `${student.run}, ${student.kind}, ${student.folder}`],
    ['learned from', `${student.rows} rows, ${student.labelled} labelled by people${paid}${teachers}`],
    ['rows', student.file],
    ['rows cost', `$${student.rowsUsd.toFixed(4)}`],
  ]
}
