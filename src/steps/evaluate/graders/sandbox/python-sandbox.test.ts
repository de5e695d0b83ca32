import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkPython, openPythonSandbox, type PythonSandbox } from './python-sandbox.ts'

/** Whether this machine lets an ordinary process have namespaces of its own, and has a Python. */
function canLockIn(): boolean {
  try {
    execFileSync('unshare', ['-rnmpf', 'true'], { stdio: 'ignore' })
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
    return process.platform === 'linux'
  } catch {
    return false
  }
}

describe.skipIf(!canLockIn())('openPythonSandbox', () => {
  let sandbox: PythonSandbox
  beforeAll(async () => {
    sandbox = await openPythonSandbox({ timeLimitMs: 1500, memoryLimitBytes: 256 * 1024 * 1024 })
  })
  const run = (body: string): ReturnType<PythonSandbox['run']> =>
    sandbox.run(
      `import os, socket\ndef grade(sample, item):\n  ${body}`,
      { output_text: 'hi' },
      { wanted: 4 },
    )

  it('calls grade with the sample and the item', async () => {
    expect(await run('print("noise"); return len(sample["output_text"]) / item["wanted"]')).toEqual({
      value: 0.5,
    })
    expect(await run('return {"score": 0.2, "reason": "short"}')).toEqual({
      value: { score: 0.2, reason: 'short' },
    })
  })

  it('sees no file but the interpreter’s, no environment and no other process', async () => {
    expect(
      await run('raise Exception(sorted(set(os.listdir("/")) - {"usr","bin","sbin","lib","lib32","lib64"}))'),
    ).toEqual({ error: "Exception: ['dev', 'etc', 'old', 'tmp']" })
    expect(await run('raise Exception(os.listdir("/tmp"), os.getpid(), "HOME" in os.environ)')).toEqual({
      error: 'Exception: ([], 1, False)',
    })
  })

  it.each([
    ['the network', 'socket.create_connection(("127.0.0.1", 80), 1)', 'unreachable'],
    ['the system’s files', 'open("/usr/potstill", "w")', 'Read-only'],
    ['further processes', 'return os.fork()', 'BlockingIOError'],
    ['much memory', 'return len("x" * (1 << 30))', 'MemoryError'],
    ['much disk', 'return open("/tmp/x", "w").write("x" * (32 << 20))', 'too large'],
    ['much time', '\n  while True: pass', 'longer than 1500 ms'],
    ['an early end', 'os._exit(0)', 'without a result'],
    ['no number', 'return float("nan")', 'ValueError'],
    ['an error', 'return item["nothing"]', 'KeyError'],
  ])('comes back from %s', async (_, body, why) => {
    expect(await run(body)).toMatchObject({ error: expect.stringContaining(why) as string })
  })
})

describe('checkPython', () => {
  it('looks for the function without running anything', () => {
    expect(checkPython('import re\n\ndef grade(sample, item) -> float:\n  return 1.0')).toBeNull()
    expect(checkPython('def score(sample, item): return 1')).toContain('no function grade')
  })
})
