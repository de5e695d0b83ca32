/** Renders the events of a run on stderr: live lines on a terminal, plain lines in a log. */
import type { StepEvent, TrainProgress } from '../core/event.ts'
import { coloursFor, type Colours } from './colours.ts'

export interface Terminal {
  onEvent(event: StepEvent): void
  /** A line of its own, above whatever is live. */
  line(text: string): void
  close(): void
}

export interface TerminalOptions {
  readonly stream: NodeJS.WriteStream
  /** Milliseconds that only go forward. */
  readonly now: () => number
}

interface Meter {
  readonly label: string
  readonly startedMs: number
  /** Items that were done when the meter started: they say nothing about the pace. */
  readonly startedAt: number
}

const liveIntervalMs = 80
const logIntervalMs = 10_000
const stepWidth = 9

export function createTerminal({ stream, now }: TerminalOptions): Terminal {
  const colours = coloursFor(stream)
  const live = stream.isTTY && process.env['TERM'] !== 'dumb'
  const width = Math.max(40, Math.min(stream.columns ?? 100, 120))
  let lastDrawnMs = -Infinity
  let lastLoggedMs = now()
  let meter: Meter | null = null
  let curve: TrainProgress[] = []
  let shown = false

  const clear = (): void => {
    if (shown) stream.write('\r\u001B[2K')
    shown = false
  }
  const line = (text: string): void => {
    clear()
    stream.write(`${text}\n`)
  }
  const status = (text: string, last: boolean): void => {
    const time = now()
    if (live) {
      if (!last && time - lastDrawnMs < liveIntervalMs) return
      lastDrawnMs = time
      clear()
      stream.write(text)
      shown = true
    } else if (time - lastLoggedMs >= logIntervalMs) {
      lastLoggedMs = time
      line(text)
    }
  }

  const onProgress = (event: Extract<StepEvent, { type: 'progress' }>): void => {
    if (meter === null || meter.label !== event.label) {
      meter = { label: event.label, startedMs: now(), startedAt: Math.max(0, event.done - 1) }
    }
    status(progressLine(event, meter, now(), width, colours), event.done === event.total)
  }
  const onTrain = (event: TrainProgress): void => {
    if (curve.length > 0 && curve[0].part !== event.part) curve = []
    curve.push(event)
    const last = event.epoch === event.epochs
    status(trainLine(curve, width, colours), last)
  }
  const onStep = (event: Extract<StepEvent, { type: 'step' }>): void => {
    if (event.state === 'finished' && curve.length > 0) line(trainLine(curve, width, colours))
    meter = null
    curve = []
    lastLoggedMs = now()
    const marks = {
      started: colours.cyan('▸'),
      finished: colours.green('✔'),
      skipped: colours.dim('·'),
    } as const
    const name = colours.bold(event.step.padEnd(stepWidth))
    const detail = event.detail === undefined ? '' : colours.dim(` ${event.detail}`)
    const text = `${marks[event.state]} ${name} ${event.title}${detail}`
    if (event.state !== 'started') line(text)
    else status(text, true)
  }

  return {
    line,
    close: clear,
    onEvent(event) {
      if (event.type === 'step') onStep(event)
      else if (event.type === 'progress') onProgress(event)
      else if (event.type === 'train') onTrain(event)
      else line(`${event.level === 'warning' ? colours.yellow('!') : colours.dim('i')} ${event.text}`)
    },
  }
}

function progressLine(
  event: Extract<StepEvent, { type: 'progress' }>,
  meter: Meter,
  nowMs: number,
  width: number,
  colours: Colours,
): string {
  const seconds = (nowMs - meter.startedMs) / 1000
  const rate = seconds > 0.2 ? (event.done - meter.startedAt) / seconds : null
  const left = rate === null || rate === 0 ? null : (event.total - event.done) / rate
  const parts = [
    `${event.done}/${event.total}`,
    rate === null ? null : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`,
    left === null || event.done === event.total ? null : `${duration(left)} left`,
    event.spentUsd === undefined ? null : `$${event.spentUsd.toFixed(event.spentUsd < 1 ? 4 : 2)} spent`,
    event.detail ?? null,
  ].filter((part) => part !== null)
  const barWidth = width > 90 ? 20 : 8
  const filled = event.total === 0 ? barWidth : Math.round((barWidth * event.done) / event.total)
  const bar = colours.cyan('━'.repeat(filled)) + colours.dim('━'.repeat(barWidth - filled))
  const words = `${parts.join('  ')}  ${event.label}`
  const room = width - barWidth - stepWidth - 6
  return `${colours.cyan('▸')} ${colours.bold(event.step.padEnd(stepWidth))} ${bar} ${clip(words, room)}`
}

const blocks = '▁▂▃▄▅▆▇█'

/** The newest epoch, with the held-out loss so far as a small curve; never wider than the terminal. */
function trainLine(curve: readonly TrainProgress[], width: number, colours: Colours): string {
  const newest = curve[curve.length - 1]
  const best = curve.findLast((point) => point.best) ?? newest
  const isHeldOut = newest.validationLoss !== null
  const words = [
    newest.part,
    `epoch ${String(newest.epoch).padStart(String(newest.epochs).length)}/${newest.epochs}`,
    `loss ${shortNumber(newest.trainLoss)}`,
    isHeldOut ? `held-out ${shortNumber(newest.validationLoss ?? 0)}` : null,
    newest.validationAccuracy === null ? null : `${(100 * newest.validationAccuracy).toFixed(1)} % right`,
    isHeldOut ? `best ${best.epoch}` : null,
  ].filter((word) => word !== null)
  const text = words.join('  ')
  const room = width - stepWidth - 3 - text.length - 3
  const losses = curve.map((point) => point.validationLoss ?? point.trainLoss)
  const spark = room < 4 ? '' : `  ${colours.cyan(sparkline(losses.slice(-Math.min(room, 24))))}`
  return `${colours.cyan('▸')} ${colours.bold('train'.padEnd(stepWidth))} ${clip(text, width - stepWidth - 4)}${spark}`
}

/** Three digits that count, without an exponent down to a millionth. */
function shortNumber(value: number): string {
  return value === 0 || value >= 1e-6
    ? String(Number(value.toPrecision(3))).padEnd(6)
    : value.toExponential(1)
}

function sparkline(values: readonly number[]): string {
  const low = Math.min(...values)
  const span = Math.max(...values) - low
  return values
    .map((value) => blocks[span === 0 ? 0 : Math.min(7, Math.floor((8 * (value - low)) / span))])
    .join('')
}

function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')} min`
}

function clip(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, Math.max(1, room - 1))}…`
}
