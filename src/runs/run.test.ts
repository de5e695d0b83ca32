import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { drain, type StepEvent } from '../core/event.ts'
import { listRuns, lockRun, openRun, saveManifest, type Run, type RunRequest } from './run.ts'
import { listSteps, runStep, type StepOutcome, type StepSpec } from './step.ts'

let data: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'potstill-run-'))
})

const open = (fields: Partial<RunRequest> = {}): Promise<Run> =>
  openRun({
    data,
    name: 'desk',
    fingerprint: 'a',
    configFile: '/c/potstill.yaml',
    potstill: '0.1.0',
    fresh: false,
    now: () => new Date(0),
    ...fields,
  })

describe('openRun', () => {
  it('numbers runs from 1', async () => {
    expect((await open()).manifest.id).toBe('desk/1')
    expect((await open({ fresh: true })).manifest.id).toBe('desk/2')
  })

  it('goes on with an unfinished run, also after the config has changed', async () => {
    await open()
    expect((await open({ fingerprint: 'b' })).manifest).toMatchObject({ id: 'desk/1', fingerprint: 'b' })
  })

  it('keeps a finished run as it is when the config has changed since', async () => {
    const { folder, manifest } = await open()
    await saveManifest(folder, { ...manifest, state: 'done' })
    expect((await open()).manifest.id).toBe('desk/1')
    expect((await open({ fingerprint: 'b' })).manifest.id).toBe('desk/2')
  })

  it('lists runs by name, then number', async () => {
    for (let i = 0; i < 11; i++) await open({ fresh: true })
    await open({ name: 'another' })
    const ids = (await listRuns(data)).map((run) => run.manifest.id)
    expect(ids.slice(0, 3)).toEqual(['another/1', 'desk/1', 'desk/2'])
    expect(ids.at(-1)).toBe('desk/11')
  })
})

describe('lockRun', () => {
  it('refuses a run that a living process holds', async () => {
    const { folder } = await open()
    await writeFile(join(folder, 'lock'), String(process.ppid))
    await expect(lockRun(folder)).rejects.toThrow(`process ${process.ppid} is working on this run`)
  })

  it('takes over from a process that has died', async () => {
    const { folder } = await open()
    await writeFile(join(folder, 'lock'), '4194304')
    const unlock = await lockRun(folder)
    await unlock()
    await (
      await lockRun(folder)
    )()
  })
})

describe('runStep', () => {
  type Result = { 'lines.jsonl': readonly string[]; 'sum.json': number }
  let worked = 0
  const spec = (inputs: unknown, outcome: Partial<StepOutcome<Result>> = {}): StepSpec<Result> => ({
    step: 'generate',
    id: 'generate/part',
    title: 'lines',
    inputs,
    async *work() {
      worked++
      yield { type: 'message', level: 'info', text: 'working' }
      return {
        artifacts: { 'lines.jsonl': ['a\u2028b', 'c\nd'], 'sum.json': 3 },
        finished: '2 lines',
        ...outcome,
      }
    },
  })
  const now = (): Date => new Date(1000)
  const run = async (step: StepSpec<Result>): Promise<{ events: StepEvent[]; lines: readonly string[] }> => {
    const events: StepEvent[] = []
    const { artifacts } = await drain(runStep(data, step, now), (event) => events.push(event))
    return { events, lines: artifacts['lines.jsonl'] }
  }
  beforeEach(() => {
    worked = 0
  })

  it('is not run again while its inputs stay the same, and gives back what it left', async () => {
    await run(spec({ a: 1, b: 2 }))
    const { events, lines } = await run(spec({ b: 2, a: 1 }))
    expect(worked).toBe(1)
    expect(lines).toEqual(['a\u2028b', 'c\nd'])
    expect(events).toMatchObject([{ state: 'skipped' }])
  })

  it('is run again when an input changes', async () => {
    await run(spec({ a: 1 }))
    await run(spec({ a: 2 }))
    expect(worked).toBe(2)
  })

  it('is run again when its artifacts are gone or broken', async () => {
    await run(spec({}))
    await writeFile(join(data, 'generate/part/lines.jsonl'), '"a')
    expect((await run(spec({}))).lines).toEqual(['a\u2028b', 'c\nd'])
  })

  it('is run again when it was incomplete', async () => {
    await run(spec({}, { incomplete: true }))
    await run(spec({}))
    expect(worked).toBe(2)
  })

  it('leaves no finished step behind when it fails', async () => {
    const failing: StepSpec<Result> = {
      ...spec({}),
      // eslint-disable-next-line require-yield
      async *work() {
        throw new Error('half way')
      },
    }
    await expect(run(failing)).rejects.toThrow('half way')
    expect(await listSteps(data)).toEqual([])
    expect((await run(spec({}))).events[0]).toMatchObject({ state: 'started' })
  })
})
