/** potstill predict: a student's answers for one input or a file, with confidence. */
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { jsonOption, type CommandContext, type CommandDefinition } from '../command.ts'

export const predict: CommandDefinition = {
  name: 'predict',
  positional: '<model> [input]',
  summary: "a student's answer to one input, or to each row of a file, with its confidence",
  description:
    'INPUT is the text itself; without it, and without --input, standard input is read as one text. Rows of a file have the input under the task’s input field, and an id if they like.',
  options: [
    { flags: '--input <file>', description: 'a CSV, JSON or JSONL file with one input a row' },
    jsonOption,
  ],
  async action(context) {
    const { namedStudent } = await import('../open-named-student.ts')
    const { openStudent } = await import('../../students/registry.ts')
    const { createAnswerParser } = await import('../../core/answer.ts')
    const { buildRequest } = await import('../../core/request.ts')
    const { manifest, model } = await openStudent(await namedStudent(context.positional[0], context))
    const { task } = manifest
    const parse = createAnswerParser(task)
    try {
      for await (const row of inputsOf(context, task)) {
        const reply = await model.complete(buildRequest(task, row, { prompt: task.prompt }))
        const parsed = parse(reply.content)
        const answer = {
          id: row.id,
          output: 'value' in parsed ? parsed.value : reply.content,
          confidence: reply.confidence ?? null,
        }
        context.stdout.write(
          context.options['json'] === true ? `${JSON.stringify(answer)}\n` : forPerson(answer),
        )
      }
    } finally {
      await model.close?.()
    }
    return 0
  },
}

interface PredictInput {
  readonly id: string
  readonly input: string
}

async function* inputsOf(
  { positional, options, workingDirectory }: CommandContext,
  task: { readonly input: string; readonly context?: readonly string[] },
): AsyncGenerator<PredictInput> {
  const file = options['input']
  if (typeof file === 'string') {
    const { readRows } = await import('../../data/read-rows.ts')
    const contextFields = task.context ?? []
    yield* readRows(resolve(workingDirectory, file), {
      inputField: task.input,
      contextFields,
      answers: 'ignored',
      shownAs: file,
    })
    return
  }
  const { PotstillError } = await import('../../core/errors.ts')
  const input = positional[1] ?? (await readStandardInput())
  if (input.trim() === '') {
    throw new PotstillError('USAGE', 'there is no input', {
      hint: 'Give a text in quotes, --input FILE, or text on standard input.',
    })
  }
  yield { id: 'input', input }
}

async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY) return ''
  return text(process.stdin)
}

function forPerson({
  id,
  output,
  confidence,
}: {
  id: string
  output: unknown
  confidence: number | null
}): string {
  const sure =
    confidence === null ? '' : `  (${(100 * confidence).toFixed(1)} % sure that all of it is right)`
  const name = id === 'input' ? '' : `${id}: `
  return `${name}${typeof output === 'string' ? output : JSON.stringify(output, null, 2)}${sure}\n`
}
