/** Which of a repository's files make a model. */
import { PotstillError } from '../../../core/errors.ts'
import type { Repository } from './model-name.ts'

const needed = ['config.json', 'tokenizer.json', 'tokenizer_config.json'] as const
const useful = ['generation_config.json', 'chat_template.jinja'] as const
const whole = 'model.safetensors'
const index = 'model.safetensors.index.json'
const shard = /^model-\d+-of-\d+\.safetensors$/

/**
 * Small files first, so that a model that is not read is refused before its weights are fetched. Throws
 * MODEL_FETCH_FAILED where the repository lacks what it takes, saying what it has instead.
 */
export function chooseFiles({ id, file }: Repository, files: readonly string[]): readonly string[] {
  const ggufs = files.filter((name) => /\.gguf$/i.test(name))
  if (file !== undefined) {
    if (files.includes(file)) return [file]
    throw lacking(`${id} has no file ${file}`, ggufs, id)
  }
  const weights = files.includes(whole)
    ? [whole]
    : files.includes(index)
      ? [index, ...files.filter((name) => shard.test(name))]
      : []
  if (weights.length === 0 && ggufs.length === 1) return ggufs
  const missing = needed.filter((name) => !files.includes(name))
  if (weights.length === 0) throw lacking(`${id} has no safetensors`, ggufs, id)
  if (missing.length > 0) throw lacking(`${id} has no ${missing.join(' and no ')}`, ggufs, id)
  return [...needed, ...useful.filter((name) => files.includes(name)), ...weights]
}

function lacking(message: string, ggufs: readonly string[], id: string): PotstillError {
  const some = ggufs.slice(0, 8).join(', ')
  const more = ggufs.length > 8 ? ` and ${ggufs.length - 8} more` : ''
  const hint =
    ggufs.length === 0
      ? 'Use a repository with config.json, tokenizer.json and safetensors, or with a .gguf file.'
      : `Choose one of its files with \`potstill models pull ${id}:FILE\`: ${some}${more}.`
  return new PotstillError('MODEL_FETCH_FAILED', message, { hint })
}
