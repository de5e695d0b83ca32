/** potstill compare: several teachers side by side, alone and combined. */
import { freshOption, jsonOption, seedOption, type CommandDefinition } from '../command.ts'

export const compare: CommandDefinition = {
  name: 'compare',
  positional: '[config]',
  summary: 'several teachers side by side, alone and combined in each way, with price',
  description:
    'Measures on the evaluation rows what `teacher.models` answer alone, and what each way of combining them makes of it. Nothing is trained.',
  options: [
    { flags: '--teachers', description: 'compare the teachers; so far there is nothing else to compare' },
    freshOption,
    seedOption,
    jsonOption,
  ],
  async action(context) {
    if (context.options['teachers'] !== true) {
      const { PotstillError } = await import('../../core/errors.ts')
      throw new PotstillError('USAGE', 'compare does not know what to compare', {
        hint: 'Give --teachers. `potstill run` compares the techniques that the config asks for.',
      })
    }
    const { comparisonOf } = await import('../compare-teachers.ts')
    return comparisonOf(context)
  },
}
