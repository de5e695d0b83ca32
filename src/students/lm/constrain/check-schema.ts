/** Whether answers can be held to a schema at all, before a model is there. */
import { PotstillError } from '../../../core/errors.ts'
import type { JsonObject } from '../../../core/json.ts'
import type { Problem } from '../../../core/student.ts'
import { compileSchema } from './compile-schema.ts'
import { createTerms } from './terms.ts'

/** One error with the place in the schema, or none. A byte-level vocabulary writes every byte, as is taken for granted here. */
export function checkConstrainable(schema: JsonObject): readonly Problem[] {
  try {
    compileSchema({ terms: createTerms(), writable: Array<boolean>(256).fill(true) }, schema)
    return []
  } catch (error) {
    if (!(error instanceof PotstillError) || error.code !== 'SCHEMA_INVALID') throw error
    return [
      { level: 'error', text: `Answers cannot be held to task.output: ${error.message}.`, hint: error.hint },
    ]
  }
}
