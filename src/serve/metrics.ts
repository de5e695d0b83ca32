/** Counters for Prometheus. Labels come from short fixed lists, never from what a client sends. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  readonly registry: Registry
  /** By status. */
  readonly requests: Counter<'status'>
  /** Replies of the gateway, by who gave them: provider, student, recorded, ... and by its part: alone, student, teacher. */
  readonly answers: Counter<'source' | 'part'>
  /** Seconds from a request's first byte to the end of its reply. */
  readonly seconds: Histogram<'source'>
  /** stored, dropped (could not be written), abandoned (the client left, or the reply broke off). */
  readonly captures: Counter<'outcome'>
  readonly capturesWaiting: Gauge
  readonly upstream: Gauge
  readonly turnedAway: Counter
}

const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const named = (name: string, help: string) => ({ name: `potstill_${name}`, help, registers })
  return {
    registry,
    requests: new Counter({ ...named('requests_total', 'Requests answered'), labelNames: ['status'] }),
    answers: new Counter({
      ...named('answers_total', 'Chat completions given'),
      labelNames: ['source', 'part'],
    }),
    seconds: new Histogram({
      ...named('answer_seconds', 'Time of a chat completion, to its end'),
      labelNames: ['source'],
      buckets,
    }),
    captures: new Counter({
      ...named('captures_total', 'Replies to be kept, by what came of it'),
      labelNames: ['outcome'],
    }),
    capturesWaiting: new Gauge(named('captures_waiting', 'Replies that wait to be written')),
    upstream: new Gauge(named('upstream_requests', 'Requests to providers under way')),
    turnedAway: new Counter(
      named('turned_away_total', 'Requests turned away because too many were under way'),
    ),
  }
}
