/** Runs one benchmark: `npm run bench -- TARGET [options]`. docs/bench.md says what each measures. */
import { messageOf } from '../src/core/errors.ts'

type Bench = (args: readonly string[]) => Promise<void>

const targets: Readonly<Record<string, () => Promise<Bench>>> = {
  micro: async () => (await import('./micro.ts')).benchMicro,
  'micro-bars': async () => (await import('./micro-bars.ts')).benchMicroBars,
  tagger: async () => (await import('./tagger-target.ts')).benchTaggerTarget,
  'lm-training': async () => (await import('./lm-training.ts')).benchLmTraining,
  'lm-generation': async () => (await import('./lm-generation.ts')).benchLmGeneration,
  'lm-constraint': async () => (await import('./lm-constraint.ts')).benchLmConstraint,
  'lm-desk': async () => (await import('./lm-desk.ts')).benchLmDesk,
  calls: async () => (await import('./calls.ts')).benchCalls,
  gateway: async () => (await import('./gateway.ts')).benchGateway,
  'gateway-idle': async () => (await import('./gateway-idle.ts')).benchGatewayIdle,
  startup: async () => (await import('./startup.ts')).benchStartup,
  verdict: async () => (await import('./verdict.ts')).benchVerdict,
}

const [name = '', ...args] = process.argv.slice(2)
if (Object.hasOwn(targets, name)) {
  try {
    await (
      await targets[name]()
    )(args)
  } catch (thrown) {
    process.stderr.write(`${messageOf(thrown)}\n`)
    process.exitCode = 1
  }
} else {
  process.stderr.write(
    `Usage: npm run bench -- TARGET [options]; targets: ${Object.keys(targets).join(', ')}\n`,
  )
  process.exitCode = 2
}
