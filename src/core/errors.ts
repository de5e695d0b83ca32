/** The one error class and the catalogue of its codes. docs/errors.md documents each code; a test compares. */

/** What a code means, and the next thing to do when the thrower has nothing more exact to say. */
const catalogue = {
  CONFIG_NOT_FOUND: 'Run `potstill init` to write a config that runs, or give the path of yours.',
  CONFIG_INVALID: 'Correct the named key; docs/config.md lists every key.',
  DATA_NOT_FOUND: 'Check the path; paths in a config are relative to the config file.',
  DATA_INVALID: 'Correct the named line.',
  DATA_EMPTY: 'Give at least one row.',
  SCHEMA_INVALID: 'Correct the JSON Schema; docs/config.md says what is supported.',
  MODEL_UNKNOWN: 'Use openai/<model>, recorded/<name>, a student, or a provider declared under `providers`.',
  MODEL_KEY_MISSING: 'Set the environment variable that holds the key.',
  MODEL_REPLY_INVALID: 'Look at the raw reply in the call log.',
  MODEL_REQUEST_REFUSED: 'Read what the provider says; the request was not retried.',
  MODEL_CALL_FAILED:
    'Run again later: rows without an answer are asked again, what is logged is not paid for twice.',
  MODEL_UNAVAILABLE: 'Try again later: what is logged is not paid for twice.',
  RECORD_MISSING: 'Record an answer for this input, or use a live model.',
  BUDGET_EXCEEDED: 'Raise budget.usd and run again: what is logged is not paid for twice.',
  MODEL_FILE_INVALID: 'Fetch the model again with `potstill models pull`, or give another file.',
  MODEL_UNSUPPORTED:
    'Use a Llama, Qwen2 or Qwen3 model as safetensors or GGUF; docs/lm.md lists what is read.',
  MODEL_FETCH_FAILED: 'Run the same command again: what has arrived is kept and the rest is fetched.',
  ENGINE_MISSING: 'Add the engine: `npm install onnxruntime-node`.',
  MEMORY_EXCEEDED: 'Use a smaller base model, shorter rows or a machine with more memory.',
  TASK_UNSUPPORTED: 'Use a student kind that can give this output.',
  TRAINING_REFUSED: 'Give the trainer rows it can learn from.',
  STUDENT_NOT_FOUND: '`potstill models` lists the students there are.',
  STUDENT_DAMAGED: 'Train it again: `potstill run` takes up where it stopped.',
  RUN_LOCKED: 'Wait for the other process, or stop it.',
  STORE_UNAVAILABLE: 'Check that the data folder can be written to.',
  STORE_TOO_NEW: 'Use the version of potstill that wrote it, or another data folder (POTSTILL_HOME).',
  FILE_EXISTS: 'Choose another folder, or remove what is there.',
  USAGE: '`potstill --help` lists the commands.',
  INTERRUPTED: 'Run the same command again: it goes on where it stopped.',
} as const

export type ErrorCode = keyof typeof catalogue

export const errorCodes = Object.keys(catalogue) as ErrorCode[]

export interface ErrorDetails {
  /** The next thing to do; the catalogue's when absent. */
  readonly hint?: string
  readonly cause?: unknown
}

/** An error that a user can act on. `message` says what, where and with which value. */
export class PotstillError extends Error {
  readonly code: ErrorCode
  readonly hint: string

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'PotstillError'
    this.code = code
    this.hint = details.hint ?? catalogue[code]
  }

  /** Where the documentation speaks of this code. */
  get documentation(): string {
    return `docs/errors.md#${this.code.toLowerCase()}`
  }
}

/** Errors that concern one request: its row gets a status and the step goes on. All others end the step. */
const rowFaults: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'MODEL_REPLY_INVALID',
  'MODEL_REQUEST_REFUSED',
  'MODEL_CALL_FAILED',
  'RECORD_MISSING',
])

export function isRowFault(thrown: unknown): thrown is PotstillError {
  return thrown instanceof PotstillError && rowFaults.has(thrown.code)
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
