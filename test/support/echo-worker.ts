/** A worker process that does what the tests of worker processes need one to do. */
import { PotstillError } from '../../src/core/errors.ts'
import { serveParent } from '../../src/students/lm/process/serve-parent.ts'

export type EchoCalls = {
  readonly double: {
    readonly input: Float32Array
    readonly event: number
    readonly result: Float32Array
  }
  readonly refuse: { readonly input: null; readonly event: never; readonly result: never }
  readonly waitForCancel: { readonly input: null; readonly event: string; readonly result: string }
  readonly die: { readonly input: NodeJS.Signals | number; readonly event: never; readonly result: never }
}

serveParent<EchoCalls>({
  async double(input, { emit }) {
    input.forEach((value) => emit(value))
    return input.map((value) => 2 * value)
  },
  async refuse() {
    throw new PotstillError('DATA_EMPTY', 'There is nothing here.', { hint: 'Give it something.' })
  },
  waitForCancel: (_, { emit, signal }) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve('cancelled'))
      emit('waiting')
    }),
  async die(how) {
    if (typeof how === 'number') throw process.exit(how)
    process.kill(process.pid, how)
    return new Promise<never>(() => {})
  },
})
