/** How a row becomes a request: the same for measuring, generating and predicting, so that all ask alike. */
import type { ChatRequest, Message } from './chat-model.ts'
import type { Row } from './row.ts'
import type { Task } from './task.ts'

export interface RequestSettings {
  /** System prompt; "" for none. */
  readonly prompt: string
  /** Turns that show the task by example, before the row's own. */
  readonly shots?: readonly Message[]
  /** Asks without schema or labels, to see what the model does unheld. */
  readonly unconstrained?: boolean
  readonly temperature?: number
  readonly maxTokens?: number
  /** Which of several samples of one request it is; 0 when absent. */
  readonly repeat?: number
}

/** System prompt (with the labels, where the answer is one of them), earlier turns, then the input. */
export function buildRequest(
  task: Task,
  row: Pick<Row, 'input' | 'history'>,
  settings: RequestSettings,
): ChatRequest {
  const system = [settings.prompt, labelInstruction(task)].filter((part) => part !== '').join('\n\n')
  const messages: Message[] = [
    ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
    ...(settings.shots ?? []),
    ...(row.history ?? []).map(({ role, content }) => ({ role, content })),
    { role: 'user', content: row.input },
  ]
  return {
    messages,
    ...(settings.unconstrained === true ? {} : constraintOf(task)),
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.maxTokens === undefined ? {} : { maxTokens: settings.maxTokens }),
    ...(settings.repeat === undefined || settings.repeat === 0 ? {} : { repeat: settings.repeat }),
  }
}

function constraintOf({ output }: Task): Pick<ChatRequest, 'schema' | 'labels'> {
  if (output.kind === 'json') return { schema: output.schema }
  return output.kind === 'labels' ? { labels: output.labels } : {}
}

function labelInstruction(task: Task): string {
  if (task.output.kind !== 'labels') return ''
  return `Answer with exactly one of these labels and nothing else:\n${task.output.labels.map((label) => `- ${label}`).join('\n')}`
}
