/** How many threads are worth having: physical cores, within what a container's limit grants. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

type ReadText = (path: string) => string

/** At least 1. Two threads on one core fight over its arithmetic units, so cores count, not their threads. */
export function coreCount(
  available: number = availableParallelism(),
  readText: ReadText = (path) => readFileSync(path, 'utf8'),
): number {
  const limits = [available, physicalCores(readText), grantedCores(readText)]
  return Math.max(1, Math.floor(Math.min(...limits)))
}

/** From /proc/cpuinfo; where there is none, or it names no cores, no limit. */
function physicalCores(readText: ReadText): number {
  const cores = new Set<string>()
  for (const block of readOr(readText, '/proc/cpuinfo').split('\n\n')) {
    const socket = /^physical id\s*: (\d+)/m.exec(block)
    const core = /^core id\s*: (\d+)/m.exec(block)
    if (socket !== null && core !== null) cores.add(`${socket[1]}.${core[1]}`)
  }
  return cores.size === 0 ? Infinity : cores.size
}

/** From the control group: "200000 100000" is two cores, "max 100000" no limit. */
function grantedCores(readText: ReadText): number {
  const [quota, period] = readOr(readText, '/sys/fs/cgroup/cpu.max').split(' ').map(Number)
  return quota > 0 && period > 0 ? quota / period : Infinity
}

function readOr(readText: ReadText, path: string): string {
  try {
    return readText(path)
  } catch {
    return ''
  }
}
