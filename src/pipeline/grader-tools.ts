/** What graders need of a run: judges and vectors through its call log and budget, and Python where it may run. */
import { PotstillError } from '../core/errors.ts'
import type { GraderTools } from '../steps/evaluate/graders/grade-criterion.ts'
import { openPythonSandbox, type PythonSandbox } from '../steps/evaluate/graders/sandbox/python-sandbox.ts'
import type { Session } from './session.ts'

let sandbox: Promise<PythonSandbox> | undefined

export function graderTools({ catalog, config, signal }: Session): GraderTools {
  return {
    openModel: async (name) => (await catalog.open(name)).model,
    embed(model, texts) {
      if (model !== undefined) return catalog.embed(model, texts, signal)
      throw new PotstillError('CONFIG_INVALID', 'a cosine grader names no model whose vectors it compares')
    },
    python: config.evaluate.allowPythonGraders ? () => (sandbox ??= openPythonSandbox()) : null,
    signal,
  }
}
