/** Imports point one way, and in no circle; heavy parts load only when used. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const source = resolve('src')

/** Who may import whom. What is not here is not allowed; within a place everything may be imported. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  core: [],
  data: ['core'],
  store: ['core'],
  statistics: ['core'],
  similarity: ['core'],
  'students/student-folder.ts': ['core'],
  'students/micro': ['core', 'statistics', 'students/student-folder.ts'],
  engine: ['core'],
  'students/lm': ['core', 'engine', 'statistics', 'students/student-folder.ts'],
  'students/registry.ts': ['core', 'students/micro', 'students/lm', 'students/student-folder.ts'],
  models: ['core', 'data'],
  'steps/evaluate': ['core', 'statistics'],
  'steps/generate': ['core', 'statistics'],
  'steps/curate': ['core', 'similarity'],
  'steps/train': ['core'],
  'steps/report': ['core'],
  runs: ['core'],
  'catalog.ts': ['core', 'models', 'runs', 'students/registry.ts', 'students/lm'],
  pipeline: [
    'core',
    'data',
    'store',
    'statistics',
    'similarity',
    'models',
    'students/registry.ts',
    'students/micro',
    'steps/evaluate',
    'steps/generate',
    'steps/curate',
    'steps/train',
    'steps/report',
    'runs',
    'catalog.ts',
  ],
  'pipeline.ts': ['core', 'pipeline'],
  serve: [
    'core',
    'data',
    'models',
    'store',
    'statistics',
    'students/registry.ts',
    'students/lm',
    'steps/evaluate',
    'runs',
    'catalog.ts',
    'pipeline',
    'pipeline.ts',
  ],
  'index.ts': ['core', 'data', 'runs', 'pipeline', 'pipeline.ts', 'students/registry.ts', 'students/micro'],
  cli: [
    'core',
    'data',
    'models',
    'store',
    'students/registry.ts',
    'students/micro',
    'steps/report',
    'runs',
    'catalog.ts',
    'pipeline',
    'pipeline.ts',
    'students/lm',
    'students/student-folder.ts',
    'serve',
  ],
}

interface Import {
  readonly from: string
  readonly to: string
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.(?:ts|js)$/.test(file) && !/\.test\.|conformance\.ts$/.test(file))
  .map((file) => file.replaceAll('\\', '/'))

const importsOf = (file: string): { readonly target: string; readonly typeOnly: boolean }[] => {
  const text = readFileSync(join(source, file), 'utf8')
  const pattern =
    /(?:import|export)\s+(type\s)?[^'"]*?from\s+'([^'$]+)'|import\('([^']+)'\)|^import\s+'([^']+)'/gm
  return [...text.matchAll(pattern)].map(([, type, from, dynamic, bare]) => ({
    target: from ?? dynamic ?? bare,
    typeOnly: type !== undefined,
  }))
}

const relativeImports: Import[] = files.flatMap((file) =>
  importsOf(file)
    .filter(({ target }) => target.startsWith('.'))
    .map(({ target }) => ({
      from: file,
      to: relative(source, resolve(source, dirname(file), target)).replaceAll('\\', '/'),
    })),
)

const placeOf = (file: string): string => {
  const places = Object.keys(allowed).filter((place) => file === place || file.startsWith(`${place}/`))
  return places.sort((a, b) => b.length - a.length)[0] ?? `(${file} has no place)`
}

describe('the source tree', () => {
  it('has files, and each in a known place', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(files.map(placeOf).filter((place) => place.startsWith('('))).toEqual([])
  })

  it('imports only along the allowed edges', () => {
    const wrong = relativeImports
      .filter(
        ({ from, to }) => placeOf(from) !== placeOf(to) && !allowed[placeOf(from)].includes(placeOf(to)),
      )
      .map(({ from, to }) => `${from} imports ${to}`)
    expect(wrong).toEqual([])
  })

  it('imports only files that there are', () => {
    expect(relativeImports.filter(({ to }) => !files.includes(to))).toEqual([])
  })

  it('has no circle of imports that run', () => {
    const edges = new Map<string, string[]>()
    for (const file of files) {
      edges.set(
        file,
        importsOf(file)
          .filter(({ target, typeOnly }) => target.startsWith('.') && !typeOnly)
          .map(({ target }) =>
            relative(source, resolve(source, dirname(file), target)).replaceAll('\\', '/'),
          ),
      )
    }
    expect(findCircle(edges)).toBeNull()
  })

  it('keeps the micro student’s runtime free of imports from elsewhere', () => {
    const runtime = relativeImports.filter(({ from }) => from.startsWith('students/micro/runtime/'))
    expect(runtime.filter(({ to }) => !to.startsWith('students/micro/runtime/'))).toEqual([])
  })
})

function findCircle(edges: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>()
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return null
    for (const next of edges.get(file) ?? []) {
      const circle = visit(next, [...path, file])
      if (circle !== null) return circle
    }
    done.add(file)
    return null
  }
  for (const file of edges.keys()) {
    const circle = visit(file, [])
    if (circle !== null) return circle
  }
  return null
}
