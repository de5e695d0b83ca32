/** What graders need of the server: judges and vectors through the call log, and Python where it was allowed. */
import type { GraderTools } from '../../steps/evaluate/graders/grade-criterion.ts'
import { openPythonSandbox, type PythonSandbox } from '../../steps/evaluate/graders/sandbox/python-sandbox.ts'
import type { ServeDeps } from '../deps.ts'

/** Whose vectors `cosine` compares where a grader names no model: OpenAI's own choice. */
const usualEmbedding = 'openai/text-embedding-3-large'

let sandbox: Promise<PythonSandbox> | undefined

/** `run` is who pays. */
export function serverGraderTools(
  { models, settings }: Pick<ServeDeps, 'models' | 'settings'>,
  run: string,
  signal: AbortSignal,
): GraderTools {
  return {
    openModel: (name) => models.open(name, run),
    embed: (model, texts) => models.embed(model ?? usualEmbedding, texts, run, signal),
    python: settings.allowPythonGraders ? openSandbox : null,
    signal,
  }
}

/** Opened once; a failure is forgotten, so that it can be mended while the server runs. */
function openSandbox(): Promise<PythonSandbox> {
  sandbox ??= openPythonSandbox().catch((error: unknown) => {
    sandbox = undefined
    throw error
  })
  return sandbox
}
