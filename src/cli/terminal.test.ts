import { describe, expect, it } from 'vitest'
import type { StepEvent, TrainProgress } from '../core/event.ts'
import { createTerminal } from './terminal.ts'

/** A stream that keeps what is written, and a clock that goes as it is told. */
function fake(
  isTTY: boolean,
  columns = 100,
): { stream: NodeJS.WriteStream; text: () => string; clock: { ms: number } } {
  const written: string[] = []
  const stream = {
    isTTY,
    columns,
    write: (text: string) => written.push(text),
  } as unknown as NodeJS.WriteStream
  return { stream, text: () => written.join(''), clock: { ms: 0 } }
}

const progress = (done: number, extra: object = {}): StepEvent => ({
  type: 'progress',
  step: 'generate',
  label: 'openai/gpt-6-sol',
  done,
  total: 100,
  ...extra,
})

const epoch = (number: number, validationLoss: number | null, best = true): TrainProgress => ({
  type: 'train',
  part: 'classifier',
  epoch: number,
  epochs: 20,
  trainLoss: 1 / number,
  validationLoss,
  validationAccuracy: validationLoss === null ? null : 0.5,
  best,
})

// eslint-disable-next-line no-control-regex
const plain = (text: string): string => text.replaceAll(/\u001B\[[0-9;]*[A-Za-z]/g, '')
const lastLine = (text: string): string => plain(text).split('\r').at(-1) ?? ''

describe('on a terminal', () => {
  it('shows rate, time left and money, and draws over the line before', () => {
    const { stream, text, clock } = fake(true)
    const terminal = createTerminal({ stream, now: () => clock.ms })
    terminal.onEvent(progress(1, { spentUsd: 0 }))
    clock.ms = 2000
    terminal.onEvent(progress(41, { spentUsd: 0.0123 }))
    const line = lastLine(text())
    expect(line).toContain('41/100')
    expect(line).toContain('21/s')
    expect(line).toContain('3 s left')
    expect(line).toContain('$0.0123 spent')
    expect(text()).not.toContain('\n')
  })

  it('never draws a line that is wider than the terminal', () => {
    for (const columns of [40, 60, 80, 100]) {
      const { stream, text, clock } = fake(true, columns)
      const terminal = createTerminal({ stream, now: () => clock.ms })
      for (let number = 1; number <= 20; number++) {
        clock.ms += 1000
        terminal.onEvent(epoch(number, 1.234567 / number))
        expect(lastLine(text()).length).toBeLessThanOrEqual(columns)
      }
      clock.ms += 1000
      terminal.onEvent(progress(50, { detail: 'a long word of what is going on just now', spentUsd: 1234.5 }))
      expect(lastLine(text()).length).toBeLessThanOrEqual(columns)
    }
  })

  it('names the best epoch, and says where nothing is held out by leaving it away', () => {
    const { stream, text, clock } = fake(true)
    const terminal = createTerminal({ stream, now: () => (clock.ms += 100) })
    terminal.onEvent(epoch(1, 0.9))
    terminal.onEvent(epoch(2, 0.8))
    terminal.onEvent(epoch(3, 0.85, false))
    expect(lastLine(text())).toContain('held-out 0.85')
    expect(lastLine(text())).toContain('best 2')
    terminal.onEvent({ ...epoch(1, null), part: 'classifier, all rows' })
    expect(lastLine(text())).not.toContain('held-out')
  })
})

describe('in a log', () => {
  it('writes a line a step and no control signs', () => {
    const { stream, text, clock } = fake(false)
    const terminal = createTerminal({ stream, now: () => clock.ms })
    terminal.onEvent({ type: 'step', step: 'generate', title: '100 answers', state: 'started' })
    for (let done = 1; done <= 100; done++) terminal.onEvent(progress(done))
    terminal.onEvent({
      type: 'step',
      step: 'generate',
      title: '100 answers',
      state: 'finished',
      detail: '100 answered',
    })
    expect(text()).toBe('✔ generate  100 answers 100 answered\n')
  })

  it('says how far it is every ten seconds', () => {
    const { stream, text, clock } = fake(false)
    const terminal = createTerminal({ stream, now: () => clock.ms })
    for (let done = 1; done <= 30; done++) {
      clock.ms += 1000
      terminal.onEvent(progress(done))
    }
    expect(text().split('\n').filter(Boolean)).toHaveLength(3)
  })
})
