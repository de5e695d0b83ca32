import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, it } from 'vitest'
import type { EchoCalls } from '../../../../test/support/echo-worker.ts'
import { openWorker, type Worker } from './worker.ts'

const open: Worker<EchoCalls>[] = []

function openEcho(): Worker<EchoCalls> {
  const worker = openWorker<EchoCalls>({
    module: '../../../../test/support/echo-worker',
    from: import.meta.url,
    purpose: 'the process that echoes',
  })
  open.push(worker)
  return worker
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((worker) => worker.close()))
})

it('passes typed arrays there and back, with events on the way', async () => {
  const events: number[] = []
  const onEvent = (event: number): void => void events.push(event)
  const worker = openEcho()
  const [doubled, again] = await Promise.all([
    worker.call('double', Float32Array.of(0, 1, 2.5).subarray(1), { onEvent }),
    worker.call('double', Float32Array.of(7)),
  ])
  expect(doubled).toEqual(Float32Array.of(2, 5))
  expect(again).toEqual(Float32Array.of(14))
  expect(events).toEqual([1, 2.5])
})

it('throws the error of the other process with its code and hint', async () => {
  await expect(openEcho().call('refuse', null)).rejects.toMatchObject({
    code: 'DATA_EMPTY',
    message: 'There is nothing here.',
    hint: 'Give it something.',
  })
})

it('lets the other process end a cancelled call in its own way', async () => {
  const abort = new AbortController()
  const answer = await openEcho().call('waitForCancel', null, {
    onEvent: () => abort.abort(),
    signal: abort.signal,
  })
  expect(answer).toBe('cancelled')
})

it('takes a process that was killed for one without memory, and any other end for an interruption', async () => {
  const killed = openEcho()
  await expect(killed.call('die', 'SIGKILL')).rejects.toMatchObject({
    code: 'MEMORY_EXCEEDED',
    message: 'The process that echoes was ended (SIGKILL), most likely for want of memory.',
  })
  await expect(killed.call('refuse', null)).rejects.toMatchObject({ code: 'MEMORY_EXCEEDED' })
  await expect(openEcho().call('die', 3)).rejects.toMatchObject({
    code: 'INTERRUPTED',
    message: 'The process that echoes ended unexpectedly (exit code 3).',
  })
})

it('gives calls up when it is closed', async () => {
  const worker = openEcho()
  const answer = worker.call('waitForCancel', null, { onEvent: () => void worker.close() })
  await expect(answer).rejects.toMatchObject({
    code: 'INTERRUPTED',
    message: 'The process that echoes was closed.',
  })
})

const parent = `
  import { openWorker } from './src/students/lm/process/worker.ts'
  const module = '../test/support/echo-worker'
  const worker = openWorker({ module, from: new URL('./src/any.ts', 'file://' + process.cwd() + '/').href, purpose: 'x' })
  await worker.call('double', new Float32Array(1))
  console.log(worker.pid)
`

it('does not keep an idle parent alive, and ends with a parent that is killed', async () => {
  const start = (more: string) =>
    spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', parent + more])
  const idle = start('')
  const [code] = (await once(idle, 'exit')) as [number]
  expect(code).toBe(0)
  const busy = start(`await worker.call('waitForCancel', null)`)
  const [line] = (await once(busy.stdout, 'data')) as [Buffer]
  const childPid = Number(line.toString())
  expect(isAlive(childPid)).toBe(true)
  busy.kill('SIGKILL')
  while (isAlive(childPid)) await new Promise((resolve) => setTimeout(resolve, 20))
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
