/** The tagger's bench from the command line: `npm run bench -- tagger --data DIR [--tune] [--seed N]`. */
import { parseArgs } from 'node:util'
import { benchTagger } from './tagger.ts'

export async function benchTaggerTarget(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      data: { type: 'string' },
      seed: { type: 'string', default: '1' },
      tune: { type: 'boolean', default: false },
    },
  })
  if (values.data === undefined) throw new Error('Give --data DIR, a folder with train.jsonl and test.jsonl.')
  const result = await benchTagger(values.data, { tune: values.tune, seed: Number(values.seed) })
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
}
