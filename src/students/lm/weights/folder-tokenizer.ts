/** Reads a tokenizer and chat template from the files of a Hugging Face folder. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../../../core/json.ts'
import type { TokenizerFiles } from '../types.ts'
import { chatMl, endOfTurnIds } from './end-of-turn.ts'
import { unsupported } from './fault.ts'
import { readJsonFile, readJsonFileIfAny, type JsonFile } from './json-file.ts'
import { tokenText } from './token-text.ts'

/** `modelConfig` is config.json's content. Throws MODEL_FILE_INVALID, MODEL_UNSUPPORTED without a chat template. */
export async function tokenizerFromFolder(folder: string, modelConfig: JsonFile): Promise<TokenizerFiles> {
  const tokenizer = await readJsonFile(join(folder, 'tokenizer.json'))
  const config = await readJsonFile(join(folder, 'tokenizer_config.json'))
  const generation = await readJsonFileIfAny(join(folder, 'generation_config.json'))
  const idOf = tokenIds(join(folder, 'tokenizer.json'), tokenizer)
  const chatTemplate = await templateOf(folder, config, idOf)
  const eos = tokenText(config.eos_token)
  const named = [eos === null ? undefined : idOf(eos), generation?.eos_token_id, modelConfig.eos_token_id]
  return { tokenizer, config, chatTemplate, endOfTurnIds: endOfTurnIds({ idOf, chatTemplate, named }) }
}

function tokenIds(path: string, tokenizer: JsonFile): (token: string) => number | undefined {
  const { model, added_tokens: added } = tokenizer
  if (!isJsonObject(model) || !isJsonObject(model.vocab)) {
    const kind = isJsonObject(model) ? JSON.stringify(model.type) : 'none'
    throw unsupported(path, `has a model of the kind ${kind} without a map "vocab"; BPE is read`)
  }
  const ids = new Map<string, unknown>(Object.entries(model.vocab))
  for (const token of Array.isArray(added) ? (added as unknown[]) : []) {
    if (isJsonObject(token) && typeof token.content === 'string') ids.set(token.content, token.id)
  }
  return (token) => {
    const id = ids.get(token)
    return typeof id === 'number' ? id : undefined
  }
}

async function templateOf(
  folder: string,
  config: JsonFile,
  idOf: (token: string) => number | undefined,
): Promise<string> {
  const file = join(folder, 'chat_template.jinja')
  const own = await readFile(file, 'utf8').catch(() => null)
  const template = own ?? templateFromConfig(config.chat_template)
  if (template !== null) return template
  if (idOf('<|im_start|>') !== undefined && idOf('<|im_end|>') !== undefined) return chatMl
  throw unsupported(
    folder,
    'has no chat template',
    'Use the variant of the model made for chats ("Instruct").',
  )
}

/** One template, or a list of named ones of which "default" is meant. */
function templateFromConfig(value: unknown): string | null {
  if (typeof value === 'string') return value
  if (!Array.isArray(value)) return null
  const named = (value as unknown[]).filter(isJsonObject)
  const chosen = named.find(({ name }) => name === 'default') ?? named[0]
  return typeof chosen?.template === 'string' ? chosen.template : null
}
