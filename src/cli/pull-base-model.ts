/** potstill models pull: fetches a base model, checks that it is one, and says where it is. */
import type { PullProgress } from '../students/lm/pull/pull-model.ts'
import type { CommandContext, ExitCode } from './command.ts'

/** Throws USAGE without a name. */
export async function pullBaseModel(context: CommandContext): Promise<ExitCode> {
  const { PotstillError } = await import('../core/errors.ts')
  const { pullModel } = await import('../students/lm/pull/pull-model.ts')
  const { openBaseModel } = await import('../students/lm/weights/base-model.ts')
  const { environment, workingDirectory, options, signal, stdout, stderr } = context
  const [, name] = context.positional
  if (name === undefined) {
    const hint = 'For example: potstill models pull HuggingFaceTB/SmolLM2-135M-Instruct'
    throw new PotstillError('USAGE', 'models pull takes the name of a base model', { hint })
  }
  const meter = createMeter(stderr, () => performance.now())
  const file = typeof options['file'] === 'string' ? options['file'] : undefined
  const pulled = pullModel(name, { environment, workingDirectory, file, signal, onProgress: meter.show })
  const path = await pulled.finally(meter.clear)
  const model = await openBaseModel(path)
  const { architecture, format, sha256 } = model
  await model.close()
  const facts = { name: model.name, path, format, family: architecture.family, sha256 }
  stdout.write(
    options['json'] === true
      ? `${JSON.stringify(facts)}\n`
      : `${facts.name}  ${facts.family}, ${format}, sha256 ${sha256.slice(0, 12)}\n  ${path}\n  student: { kind: lm, base: ${name}${file === undefined ? '' : `:${file}`} }\n`,
  )
  return 0
}

interface Meter {
  readonly show: (progress: PullProgress) => void
  readonly clear: () => void
}

const liveIntervalMs = 100
const logIntervalMs = 10_000

/** A live line on a terminal, now and then a plain one in a log. */
function createMeter(stream: NodeJS.WriteStream, now: () => number): Meter {
  const isLive = stream.isTTY && process.env['TERM'] !== 'dumb'
  let lastMs = now()
  let first: { readonly atMs: number; readonly done: number } | null = null
  let isShown = false
  return {
    show(progress) {
      first ??= { atMs: now(), done: progress.done }
      const isDue = now() - lastMs >= (isLive ? liveIntervalMs : logIntervalMs)
      if (!isDue) return
      lastMs = now()
      const bytesPerMs = (progress.done - first.done) / Math.max(1, now() - first.atMs)
      const line = progressLine(progress, bytesPerMs)
      stream.write(isLive ? `\r\u001B[2K${line}` : `${line}\n`)
      isShown = isLive
    },
    clear() {
      if (isShown) stream.write('\r\u001B[2K')
    },
  }
}

function progressLine({ file, done, total }: PullProgress, bytesPerMs: number): string {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1)
  const rate = `${megabytes(bytesPerMs * 1000)} MB/s`
  if (total === null) return `${megabytes(done)} MB  ${rate}  ${file}`
  const percent = total === 0 ? 100 : Math.floor((100 * done) / total)
  const seconds = bytesPerMs > 0 ? Math.ceil((total - done) / bytesPerMs / 1000) : null
  const left =
    seconds === null ? '' : `  ${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`
  return `${megabytes(done)} of ${megabytes(total)} MB  ${percent} %  ${rate}${left}  ${file}`
}
