import { describe, expect, it } from 'vitest'
import { coreCount } from './threads.ts'

const thread = (socket: number, core: number): string =>
  `processor\t: 0\nphysical id\t: ${socket}\ncore id\t\t: ${core}\ncpu cores\t: 2`

const files =
  (contents: Readonly<Record<string, string>>) =>
  (path: string): string => {
    if (path in contents) return contents[path]
    throw new Error(`ENOENT: ${path}`)
  }

describe('the number of threads', () => {
  it('is that of the cores, not of what they can do side by side', () => {
    const cpuinfo = [thread(0, 0), thread(0, 1), thread(0, 0), thread(0, 1), thread(1, 0)].join('\n\n')
    expect(coreCount(8, files({ '/proc/cpuinfo': cpuinfo }))).toBe(3)
    expect(coreCount(2, files({ '/proc/cpuinfo': cpuinfo }))).toBe(2)
  })

  it("keeps to a container's limit, and is at least one", () => {
    expect(coreCount(64, files({ '/sys/fs/cgroup/cpu.max': '250000 100000\n' }))).toBe(2)
    expect(coreCount(64, files({ '/sys/fs/cgroup/cpu.max': '50000 100000\n' }))).toBe(1)
    expect(coreCount(64, files({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' }))).toBe(64)
  })

  it('is what the system says where nothing else is known', () => {
    expect(coreCount(6, files({}))).toBe(6)
    expect(coreCount()).toBeGreaterThan(0)
  })
})
