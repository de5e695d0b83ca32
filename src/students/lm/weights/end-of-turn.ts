/** At which tokens a model ends its turn. */

export interface EndOfTurnSources {
  readonly idOf: (token: string) => number | undefined
  readonly chatTemplate: string
  /** Ids that the model's files name as ends, in the order of their say. */
  readonly named: readonly unknown[]
}

/** Tokens that end a turn in the templates of the families that are read. */
const turnEnders = ['<|im_end|>', '<|eot_id|>'] as const

/** Without duplicates; first the one that the template itself writes after an answer: that is what must be learned. */
export function endOfTurnIds({ idOf, chatTemplate, named }: EndOfTurnSources): readonly number[] {
  const ids = named.flat().filter((id): id is number => Number.isSafeInteger(id) && (id as number) >= 0)
  const known = turnEnders.flatMap((token) => {
    const id = idOf(token)
    return id === undefined ? [] : [{ id, isWritten: chatTemplate.includes(token) }]
  })
  const written = known.filter(({ isWritten }) => isWritten)
  return [...new Set([...written.map(({ id }) => id), ...ids, ...known.map(({ id }) => id)])]
}

/** For a model whose vocabulary has ChatML's marks but whose files have no template. */
export const chatMl = `{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`
