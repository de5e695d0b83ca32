/** The process that answers: the child's side of openGenerator. */
import { PotstillError } from '../../../core/errors.ts'
import { serveParent } from '../process/serve-parent.ts'
import { openBaseModel } from '../weights/base-model.ts'
import type { GeneratorCalls } from './generator-calls.ts'
import type { ScoringGenerator } from './generator.ts'
import { openLocalGenerator } from './open-generator.ts'

let generator: ScoringGenerator | null = null

serveParent<GeneratorCalls>({
  async open({ path, sha256, ...settings }) {
    const base = await openBaseModel(path)
    try {
      if (base.sha256 !== sha256) {
        throw new PotstillError('MODEL_FILE_INVALID', `${path} has changed since it was opened`)
      }
      generator = await openLocalGenerator({ base, ...settings })
    } finally {
      await base.close()
    }
  },
  generate: (request, { emit, signal }) => opened().generate(request, { onText: emit, signal }),
  score: ({ prompt, continuation }, { signal }) => opened().score(prompt, continuation, { signal }),
})

function opened(): ScoringGenerator {
  if (generator === null) throw new Error('generator: asked before it was opened')
  return generator
}
