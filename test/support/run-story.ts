/** runPipeline as the tests call it: everything that a user would not vary is filled in. */
import { drain, type StepEvent } from '../../src/core/event.ts'
import { runPipeline } from '../../src/pipeline.ts'
import type { RunResult, SessionOptions } from '../../src/pipeline/session.ts'

export interface Story {
  readonly result: RunResult
  readonly events: readonly StepEvent[]
}

type Given = Pick<SessionOptions, 'configFile' | 'data'> & Partial<SessionOptions>

/** `onEvent` hears each event as it comes. */
export async function runStory(given: Given, onEvent: (event: StepEvent) => void = () => {}): Promise<Story> {
  const events: StepEvent[] = []
  const steps = runPipeline({
    environment: {},
    fresh: false,
    signal: new AbortController().signal,
    now: () => new Date(),
    version: 'test',
    command: 'potstill',
    ...given,
  })
  const result = await drain(steps, (event) => {
    events.push(event)
    onEvent(event)
  })
  return { result, events }
}
