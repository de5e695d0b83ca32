/** What the server's handlers are given: nothing in serve/ reaches for a clock, a folder or a variable by itself. */
import type { Hono } from 'hono'
import type { HttpBindings } from '@hono/node-server'
import type { ChatModel } from '../core/chat-model.ts'
import type { Store } from '../core/store.ts'
import type { PriceTable } from '../models/prices.ts'
import type { Provider } from '../models/providers.ts'
import type { EvalQueue } from './evals/eval-queue.ts'
import type { JobQueue } from './jobs/job-queue.ts'
import type { CaptureWriter } from './gateway/capture-writer.ts'
import type { Upstream } from './gateway/upstream.ts'
import type { KeyCheck, Role } from './keys.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'

export interface ServeSettings {
  /** Which replies are kept: those with `store: true`, or all. */
  readonly capture: 'stored' | 'all'
  /** Whether the end of a reply waits until it is on disk. */
  readonly durability: 'durable' | 'relaxed'
  /** Takes bare names such as "gpt-6-sol"; null for none. */
  readonly upstream: string | null
  /** Requests to providers under way at once; what comes beyond is turned away with 503. */
  readonly mostUpstream: number
  /** The same for students and recorded models. */
  readonly mostLocal: number
  /** Of the body of a chat completion, in bytes. */
  readonly mostBodyBytes: number
  /** How long a client may go without sending of a body, or without reading of an answer, in milliseconds. */
  readonly idleMs: number
  readonly allowPythonGraders: boolean
}

export const defaultSettings: ServeSettings = {
  capture: 'stored',
  durability: 'durable',
  upstream: null,
  mostUpstream: 500,
  mostLocal: 500,
  mostBodyBytes: 32 * 1024 * 1024,
  idleMs: 60_000,
  allowPythonGraders: false,
}

/** Who answers a request to the gateway. */
export type Target =
  | { readonly kind: 'provider'; readonly id: string; readonly provider: Provider; readonly model: string }
  | { readonly kind: 'local'; readonly id: string; readonly model: ChatModel }

/** What a name stands for: who answers, who stands behind, and why. */
export interface Resolved {
  readonly target: Target
  /** Answers instead where the confidence is below the threshold. */
  readonly teacher?: Target
  readonly threshold?: number
  /** In words, for the header: "alias support-desk". */
  readonly why: string
  /** The alias that was named, which is the workload of its traffic where the client names none. */
  readonly alias: string | null
}

export interface ModelDirectory {
  /** @throws MODEL_UNKNOWN, STUDENT_NOT_FOUND, MODEL_KEY_MISSING and what opening a model throws. */
  resolve(name: string): Promise<Resolved>
  /**
   * The same name as a ChatModel, whose paid calls go through the call log in the name of `run`: for graders and
   * eval runs. Behind an alias with a teacher it is the student alone.
   */
  open(name: string, run: string): Promise<ChatModel>
  /** Vectors of texts by the model of a provider, through the call log in the name of `run`. @throws as `open` does. */
  embed(
    name: string,
    texts: readonly string[],
    run: string,
    signal?: AbortSignal,
  ): Promise<readonly (readonly number[])[]>
  close(): Promise<void>
}

/** Finds the folder of a student by a name that the job routes gave out ("ft:micro:org:suffix:id"); null for others. */
export type FineTunedLookup = (name: string) => Promise<string | null>

export interface ServeDeps {
  readonly store: Store
  /** The data folder, absolute: runs, students, files of the routes under `files/`. */
  readonly data: string
  readonly models: ModelDirectory
  /** Runs fine-tuning jobs; started with the server and closed with it. */
  readonly jobs: JobQueue
  /** Runs evals; started with the server and closed with it. */
  readonly evals: EvalQueue
  readonly captures: CaptureWriter
  readonly upstream: Upstream
  readonly metrics: Metrics
  readonly prices: PriceTable
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly settings: ServeSettings
  /** Unix time in milliseconds. */
  readonly now: () => number
  /** New for each call, 24 letters and digits; ids put their prefix before it. */
  readonly newId: () => string
  readonly log: Log
  /** null: every request is allowed, as on the loopback interface without keys. */
  readonly checkKey: KeyCheck | null
  /** Aborted when the server shuts down; long work ends then. */
  readonly signal: AbortSignal
}

export interface ServeEnv {
  readonly Bindings: Partial<HttpBindings>
  readonly Variables: { readonly requestId: string; readonly role: Role }
}

export type ServeApp = Hono<ServeEnv>

/** A group of routes below /v1, as `routes.ts` lists them. */
export type RouteGroup = (deps: ServeDeps) => ServeApp
