/**
 * Python graders, locked in: a process in namespaces of its own (no network, no other process, a root with nothing
 * in it but the interpreter), without environment, with limits on time, memory and output. Linux only.
 */
import { execFile, spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { createGate } from '../../../../core/concurrent.ts'
import { PotstillError } from '../../../../core/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../../core/json.ts'
import { parseJson } from '../parse-judgement.ts'
import type { Returned } from './javascript-sandbox.ts'

export interface PythonSandbox {
  /** Calls `grade(sample, item)`. Never throws: whatever goes wrong is an error with its reason. */
  run(source: string, sample: JsonObject, item: Json): Promise<Returned>
}

export interface PythonLimits {
  readonly timeLimitMs: number
  readonly memoryLimitBytes: number
}

const defaultLimits: PythonLimits = { timeLimitMs: 10_000, memoryLimitBytes: 512 * 1024 * 1024 }
const largestReplyBytes = 64 * 1024

/**
 * Arguments: the interpreter, the harness, then folders that are shown inside, read-only. The new root lies over
 * /tmp, in the process's own namespace alone.
 */
const enter = String.raw`
set -e
root=/tmp python="$1" harness="$2"; shift 2
mount -t tmpfs -o size=64m,mode=755 none "$root"
mkdir "$root/dev" "$root/tmp" "$root/old"
: > "$root/dev/null"; mount --bind /dev/null "$root/dev/null"
: > "$root/dev/urandom"; mount --bind /dev/urandom "$root/dev/urandom"
for place in "$@"; do
  [ -e "$place" ] || continue
  if [ -L "$place" ]; then cp -P "$place" "$root$place"; continue; fi
  if [ -d "$place" ]; then mkdir -p "$root$place"; else mkdir -p "$root$(dirname "$place")"; : > "$root$place"; fi
  mount --bind "$place" "$root$place"
  mount -o remount,bind,ro "$place" "$root$place" 2>/dev/null ||
    mount -o remount,bind,ro,nosuid,nodev "$place" "$root$place"
done
cd "$root"
pivot_root . old
cd /tmp
exec "$python" -I -B -c "$harness"
`

/**
 * First the old root goes, for which the umount command would want /proc. Limits come before the grader's source is
 * read; what it prints goes nowhere; the result has a channel of its own.
 */
const harness = String.raw`
import ctypes, json, os, resource, sys
if ctypes.CDLL(None).umount2(b"/old", 2) != 0 or os.listdir("/old"):
    sys.exit("the old root is still there")
given = json.loads(sys.stdin.buffer.read())
seconds = given["seconds"]
for limit, value in (
    (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, given["memory"]), (resource.RLIMIT_FSIZE, 16 << 20),
    (resource.RLIMIT_NOFILE, 64), (resource.RLIMIT_NPROC, 1), (resource.RLIMIT_CORE, 0),
):
    resource.setrlimit(limit, (value, value))
channel = os.dup(1)
nothing = os.open("/dev/null", os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(nothing, number)
def reply(**words):
    os.write(channel, json.dumps(words, allow_nan=False).encode())
    os._exit(0)
try:
    names = {"__name__": "grader"}
    exec(compile(given["source"], "grader.py", "exec"), names)
    if not callable(names.get("grade")):
        raise TypeError("there is no function grade(sample, item)")
    value = names["grade"](given["sample"], given["item"])
    if not isinstance(value, (bool, dict)):
        value = float(value)
    reply(value=value)
except BaseException as fault:
    reply(error=(type(fault).__name__ + ": " + str(fault))[:2000])
`

/** Root may have as many processes as it likes, so root becomes nobody first. */
const nobody = 65_534

/**
 * Finds Python and tries the lock once. @throws USAGE where there is no Linux, no Python, or no namespace to be had:
 * then no Python grader runs at all.
 */
export async function openPythonSandbox(limits: PythonLimits = defaultLimits): Promise<PythonSandbox> {
  if (process.platform !== 'linux') throw refused('this is not Linux')
  const isRoot = process.getuid?.() === 0
  let fault = 'there is no python3'
  for (const name of ['python3', '/usr/bin/python3']) {
    const interpreter = await findPython(name)
    if (interpreter === null) continue
    const lock: Lock = { ...interpreter, ...limits, ...(isRoot ? { uid: nobody, gid: nobody } : {}) }
    const gate = createGate(availableParallelism())
    const run: PythonSandbox['run'] = (source, sample, item) =>
      gate(() => call({ source, sample, item }, lock))
    const tried = await run(firstGrader, {}, {})
    if ('value' in tried && tried.value === 1) return { run }
    fault = 'error' in tried ? tried.error : 'a first grader gave no result'
  }
  throw refused(fault)
}

/** Sees to it that a grader cannot start processes, on which the other limits rest. */
const firstGrader = String.raw`
import os
def grade(sample, item):
    try:
        os.fork()
    except OSError:
        return 1
    os._exit(0)
`

/** Why a source cannot be a Python grader, as far as can be seen without running it; null where it may be one. */
export function checkPython(source: string): string | null {
  return /^[ \t]*(?:async[ \t]+)?def[ \t]+grade[ \t]*\(/mu.test(source)
    ? null
    : 'there is no function grade(sample, item)'
}

function refused(why: string): PotstillError {
  return new PotstillError('USAGE', `python graders cannot be locked in here: ${why}`, {
    hint: 'Start without --allow-python-graders and write the grader in JavaScript: type "javascript", function grade(sample, item).',
  })
}

interface Interpreter {
  readonly file: string
  /** What it needs to see. */
  readonly folders: readonly string[]
}

interface Lock extends Interpreter, PythonLimits {
  readonly uid?: number
  readonly gid?: number
}

const systemFolders = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/etc/ld.so.cache',
  '/etc/alternatives',
]

async function findPython(name: string): Promise<Interpreter | null> {
  const question = 'import os, sys; print(os.path.realpath(sys.executable)); print(sys.base_prefix)'
  try {
    const { stdout } = await promisify(execFile)(name, ['-I', '-c', question])
    const [file, prefix] = stdout.trim().split('\n')
    const isSystem = systemFolders.some((folder) => `${prefix}/`.startsWith(`${folder}/`))
    return { file, folders: isSystem ? systemFolders : [...systemFolders, prefix] }
  } catch {
    return null
  }
}

interface PythonCall {
  readonly source: string
  readonly sample: JsonObject
  readonly item: Json
}

const namespaces = ['-rnmpf', '--kill-child', '--propagation', 'private']

function call(given: PythonCall, { file, folders, uid, gid, ...limits }: Lock): Promise<Returned> {
  const { timeLimitMs, memoryLimitBytes } = limits
  const child = spawn('unshare', [...namespaces, 'sh', '-c', enter, 'sh', file, harness, ...folders], {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' },
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid }),
  })
  return new Promise((resolve) => {
    let output = Buffer.alloc(0)
    let complaint = ''
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, timeLimitMs)
    child.stdout.on('data', (chunk: Buffer) => {
      output = Buffer.concat([output, chunk])
      if (output.length > largestReplyBytes) child.kill('SIGKILL')
    })
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(0, 500)))
    child.on('error', (error) => (complaint ||= error.message))
    // A grader that ends before it has read everything closes the pipe.
    child.stdin.on('error', () => undefined)
    child.stdin.end(
      JSON.stringify({ ...given, seconds: Math.ceil(timeLimitMs / 1000), memory: memoryLimitBytes }),
    )
    child.on('close', () => {
      clearTimeout(timer)
      resolve(late ? { error: `it took longer than ${timeLimitMs} ms` } : read(output.toString(), complaint))
    })
  })
}

function read(output: string, complaint: string): Returned {
  const reply = parseJson(output)
  if (isJsonObject(reply) && typeof reply.error === 'string') return { error: reply.error }
  if (isJsonObject(reply) && reply.value !== undefined) return { value: reply.value }
  return { error: complaint.trim() === '' ? 'the process ended without a result' : complaint.trim() }
}
