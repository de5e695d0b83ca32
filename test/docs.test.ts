/** The documentation says what the code does: what is there is documented, and what is documented is there. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from '../src/cli/commands.ts'
import { errorCodes, PotstillError, type ErrorCode } from '../src/core/errors.ts'
import { parseConfig } from '../src/core/parse-config.ts'
import { loadPriceTable } from '../src/models/prices.ts'
import { resolveProvider } from '../src/models/providers.ts'
import { rowsToSettle } from '../src/statistics/rows-to-settle.ts'
import { reasonLabels, verdictLabels } from '../src/steps/report/words.ts'
import { configKeys, graderTypes } from './support/config-keys.ts'
import { codeSpans, linksOf, readPage, sectionOf, tableRows, type Page } from './support/markdown.ts'

const documentation = readdirSync('docs').filter((name) => name.endsWith('.md'))
const pages = [
  ...readdirSync('.').filter((name) => name.endsWith('.md')),
  ...documentation.map((name) => join('docs', name)),
  ...readdirSync('examples').map((name) => join('examples', name, 'README.md')),
]
  .filter((file) => existsSync(file))
  .map(readPage)

function page(name: string): Page {
  const found = pages.find(({ file }) => file === name)
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

/** What differs between what there is and what is documented. */
function compare(
  there: Iterable<string>,
  documented: Iterable<string>,
): { undocumented: string[]; gone: string[] } {
  const [a, b] = [new Set(there), new Set(documented)]
  return { undocumented: [...a].filter((name) => !b.has(name)), gone: [...b].filter((name) => !a.has(name)) }
}

const agreed = { undocumented: [], gone: [] }

describe('docs/commands.md', () => {
  const commandPage = page('docs/commands.md')
  const isOf = (name: string) => (title: string) =>
    title === `potstill ${name}` || title.startsWith(`potstill ${name} `)

  it('has a section for each command, in the order of the help, with its arguments', () => {
    const titles = commandPage.headings
      .map(({ title }) => title)
      .filter((title) => title.startsWith('potstill '))
    expect(titles).toEqual(commands.map(({ name, positional }) => `potstill ${name} ${positional}`.trim()))
  })

  it.each(commands.map(({ name, options }) => ({ name, options })))(
    'lists the options of $name',
    ({ name, options }) => {
      const section = sectionOf(commandPage, isOf(name)) ?? ''
      const listed = tableRows(section)
        .flatMap(([first]) => codeSpans(first))
        .filter((code) => code.startsWith('--'))
      expect(
        compare(
          options.map(({ flags }) => flags),
          listed,
        ),
      ).toEqual(agreed)
    },
  )

  it('lists every environment variable that the sources read', () => {
    const sources = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
      /(?<!\.test)\.ts$/u.test(name),
    )
    const read = sources.flatMap((name) =>
      [
        ...readFileSync(join('src', name), 'utf8').matchAll(
          /\b(?:env|environment)(?:\.|\[')([A-Z][A-Z_]+)/gu,
        ),
      ].map(([, variable]) => variable),
    )
    expect(read).toEqual(
      expect.arrayContaining(['POTSTILL_HOME', 'OPENAI_BASE_URL', 'NO_COLOR', 'FORCE_COLOR']),
    )
    const listed = codeSpans(sectionOf(commandPage, (title) => title === 'Environment') ?? '')
    expect(compare(read, listed).undocumented).toEqual([])
  })
})

/** Command lines in Markdown, in shell and text blocks or between backticks, as words after `potstill`. */
function commandLines({ prose, blocks }: Page): string[][] {
  const shown = blocks.filter(({ language }) => language === 'sh' || language === 'text')
  const lines = [...shown.flatMap(({ text }) => text.split('\n')), ...codeSpans(prose)]
  return lines
    .flatMap((line) => /^\s*(?:\$ )?(?:npm run )?potstill (.+)$/u.exec(line)?.[1] ?? [])
    .map((words) => words.split(/\s+/u).filter((word) => word !== '--'))
    .filter(([first]) => first !== undefined && first !== 'WORDS')
}

function isKnownCommandLine([first, ...others]: readonly string[]): boolean {
  if (first.startsWith('-')) return first === '--help' || first === '--version'
  const command = commands.find(({ name }) => name === first)
  const known = ['--help', ...(command?.options.map(({ flags }) => flags.split(' ')[0]) ?? [])]
  return command !== undefined && others.every((word) => !word.startsWith('--') || known.includes(word))
}

describe('every page', () => {
  it.each(pages.map((each) => ({ file: each.file, each })))(
    '$file names only commands and options that there are',
    ({ each }) => {
      const wrong = commandLines(each).filter((words) => !isKnownCommandLine(words))
      expect(wrong).toEqual([])
    },
  )

  it.each(pages.map((each) => ({ file: each.file, each })))(
    '$file has only links that lead somewhere',
    ({ each }) => {
      const broken = linksOf(each).filter(
        (target) => !/^(?:https?|mailto):/u.test(target) && !leadsSomewhere(each.file, target),
      )
      expect(broken).toEqual([])
    },
  )

  it.each(pages.map((each) => ({ file: each.file, each })))(
    '$file shows whole configs that parse',
    ({ each }) => {
      const configs = each.blocks.filter(({ language, text }) => language === 'yaml' && /^name:/mu.test(text))
      for (const { text } of configs) expect(() => parseConfig(text, each.file)).not.toThrow()
    },
  )

  it.each(pages.map((each) => ({ file: each.file, each })))(
    '$file shows parts of a config that fit into one',
    ({ each }) => {
      const parts = each.blocks.filter(({ language, text }) => language === 'yaml' && !/^name:/mu.test(text))
      const whole = { name: 'x', task: '{}', data: '{ unlabelled: rows.jsonl }', teacher: '{ model: a/b }' }
      for (const { text } of parts) {
        const missing = Object.entries(whole).filter(([key]) => !new RegExp(`^${key}:`, 'mu').test(text))
        const filled = [...missing.map(([key, value]) => `${key}: ${value}`), text].join('\n')
        expect(() => parseConfig(filled, each.file)).not.toThrow()
      }
    },
  )

  it('runs only npm scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      scripts: Record<string, string>
    }
    const named = pages.flatMap(({ text }) =>
      [...text.matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/gu)].map(([, run, short]) => run ?? short),
    )
    expect(named).toEqual(expect.arrayContaining(['start', 'test', 'check', 'bench']))
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([])
  })

  it('names no config key that there is not', () => {
    const known = new Set(configKeys().keys())
    const heads = new Set([...known].map((key) => key.split(/[.[]/u)[0]))
    const isFile = (code: string): boolean => /\.(?:jsonl?|md|ts|js|mjs|csv|ya?ml|html|sqlite)$/u.test(code)
    const wrong = pages.flatMap(({ file, prose }) =>
      codeSpans(prose)
        .map((code) => code.replace(/:.*$/u, ''))
        .filter((code) => /^[a-z][A-Za-z]*(?:\[\])?(?:\.[A-Za-z<>[\]]+)+$/u.test(code) && !isFile(code))
        .filter(
          (code) =>
            heads.has(code.split(/[.[]/u)[0]) &&
            !known.has(code) &&
            ![...known].some((key) => key.startsWith(`${code}.`)),
        )
        .map((code) => `${file}: ${code}`),
    )
    expect(wrong).toEqual([])
  })

  it('imports from potstill only what it exports', () => {
    const index = readFileSync('src/index.ts', 'utf8')
    const exported = new Set(
      [...index.matchAll(/^export (?:type )?\{([^}]*)\}/gmu)].flatMap(([, names]) =>
        names.split(',').map((name) => name.replace(/\btype\b/u, '').trim()),
      ),
    )
    const imported = pages.flatMap(({ text }) =>
      [...text.matchAll(/import (?:type )?\{([^}]*)\} from 'potstill'/gu)].flatMap(([, names]) =>
        names.split(',').map((name) => name.trim()),
      ),
    )
    expect(imported.length).toBeGreaterThan(0)
    expect(imported.filter((name) => !exported.has(name))).toEqual([])
    const listed = new Set(codeSpans(page('docs/library.md').text).concat(imported))
    expect(
      [...exported].filter(
        (name) => name !== '' && !listed.has(name) && !page('docs/library.md').text.includes(`${name}(`),
      ),
    ).toEqual([])
  })
})

function leadsSomewhere(file: string, target: string): boolean {
  const [path, anchor] = target.split('#')
  const resolved = path === '' ? file : relative('.', resolve(dirname(file), path))
  if (!existsSync(resolved)) return false
  if (anchor === undefined) return true
  return (
    statSync(resolved).isFile() && readPage(resolved).headings.some((heading) => heading.anchor === anchor)
  )
}

describe('docs/config.md', () => {
  const rows = tableRows(page('docs/config.md').text).filter((cells) => cells.length === 4)
  const documented = rows.map(([key]) => codeSpans(key)[0])
  const keys = configKeys()

  it('has every key, and no other', () => {
    expect(keys.size).toBeGreaterThan(50)
    expect(compare(keys.keys(), documented)).toEqual(agreed)
  })

  it('says every default', () => {
    const said = Object.fromEntries(
      rows.map(([key, , fallback]) => [codeSpans(key)[0], fallback.replaceAll('`', '')]),
    )
    // `field` is the one grader that requires a path; the page says so in words.
    expect(said).toEqual({ ...Object.fromEntries(keys), 'evaluate.graders[].path': '-' })
  })
})

describe('docs/errors.md', () => {
  const errorPage = page('docs/errors.md')

  it('has a section for each code, in the order of the catalogue, and no other', () => {
    expect(errorPage.headings.filter(({ level }) => level === 2).map(({ title }) => title)).toEqual(
      errorCodes,
    )
  })

  it('has what the errors themselves point at', () => {
    const broken = errorCodes.filter(
      (code) => !leadsSomewhere('README.md', new PotstillError(code, '').documentation),
    )
    expect(broken).toEqual([])
  })

  it('says what to do about each code', () => {
    const silent = errorCodes.filter(
      (code) => !(sectionOf(errorPage, (title) => title === code) ?? '').includes('What to do:'),
    )
    expect(silent).toEqual([])
  })

  it('names only codes that there are, as do all pages', () => {
    const shown = pages.flatMap(({ text }) =>
      [...text.matchAll(/^([A-Z]+(?:_[A-Z]+)+) {2}/gmu)].map(([, code]) => code),
    )
    expect(shown.filter((code) => !errorCodes.includes(code as ErrorCode) && code !== 'CODE')).toEqual([])
  })
})

describe('the sources', () => {
  it('point only at pages that there are', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    )
    const targets = files.flatMap((name) =>
      [...readFileSync(join('src', name), 'utf8').matchAll(/docs\/[\w-]+\.md/gu)].map(([target]) => target),
    )
    expect(targets.length).toBeGreaterThan(0)
    expect(targets.filter((target) => !existsSync(target))).toEqual([])
  })
})

describe('docs/evaluate.md', () => {
  it('has a section for each grader, and no other', () => {
    const types = codeSpans(
      tableRows(page('docs/config.md').text).find(([key]) => key === '`evaluate.graders[].type`')?.[3] ?? '',
    )
    const section = sectionOf(page('docs/evaluate.md'), (title) => title === 'Graders') ?? ''
    const documented = [...section.matchAll(/^### (\w+)$/gmu)].map(([, type]) => type)
    expect(compare(graderTypes(), documented)).toEqual(agreed)
    expect(compare(graderTypes(), types)).toEqual(agreed)
  })
})

describe('docs/models.md', () => {
  const rows = tableRows(sectionOf(page('docs/models.md'), (title) => title === 'Known providers') ?? '')

  it('has each known provider with its address, key and abilities, and no other', () => {
    const described = rows.map((cells) => cells.map((cell) => cell.replaceAll('`', '')))
    expect(described).toEqual(knownProviders().map(describeProvider))
  })

  it('says of which day the prices are', () => {
    expect(page('docs/models.md').text).toContain(loadPriceTable().asOf)
  })
})

/** Their names, from the hint that lists them. */
function knownProviders(): string[] {
  try {
    resolveProvider('nobody/nothing', { env: {} })
  } catch (error) {
    const { hint } = error as PotstillError
    return (/with one of (.*), or declare/u.exec(hint)?.[1] ?? '').split(', ')
  }
  return []
}

function describeProvider(name: string): string[] {
  const env = new Proxy<Record<string, string>>(
    {},
    { get: (_, variable) => (variable === 'OPENAI_BASE_URL' ? undefined : 'key') },
  )
  const { provider } = resolveProvider(`${name}/model`, { env })
  const { baseUrl, keyEnv, structuredOutput, topLogprobs } = provider
  return [
    name,
    baseUrl,
    keyEnv ?? 'none',
    structuredOutput,
    topLogprobs === 0 ? 'no' : `up to ${topLogprobs}`,
  ]
}

describe('docs/curate.md', () => {
  it('explains each reason, and no other', () => {
    const section = sectionOf(page('docs/curate.md'), (title) => title === 'Why a row is removed') ?? ''
    expect(
      compare(
        Object.keys(reasonLabels),
        tableRows(section).flatMap(([first]) => codeSpans(first)),
      ),
    ).toEqual(agreed)
  })
})

describe('docs/bench.md', () => {
  it.skipIf(!existsSync('bench/main.ts'))('has a section for each target, and no other', () => {
    const main = readFileSync('bench/main.ts', 'utf8')
    const literal = /^const targets\b[\s\S]*?\{\n([\s\S]*?)^\}/mu.exec(main)?.[1] ?? ''
    const targets = [...literal.matchAll(/^ {2}'?([\w-]+)'?[:,(]/gmu)].map(([, name]) => name)
    const named = [...page('docs/bench.md').text.matchAll(/npm run bench -- ([a-z][\w-]*)/gu)]
    expect(targets).not.toEqual([])
    expect(
      compare(
        targets,
        named.map(([, name]) => name),
      ),
    ).toEqual(agreed)
  })
})

describe('docs/verdict.md', () => {
  it('has a section for each verdict, and no other', () => {
    const words = page('docs/verdict.md')
      .headings.map(({ title }) => title)
      .filter((title) => /^[a-z_]+$/u.test(title))
    expect(compare(Object.keys(verdictLabels), words)).toEqual(agreed)
  })

  it('says how many rows a margin takes as the code does', () => {
    const section = sectionOf(page('docs/verdict.md'), (title) => title === 'Choosing a margin') ?? ''
    const oneInTen = Array.from({ length: 1000 }, (_, row) => (row < 50 ? 1 : row < 100 ? -1 : 0))
    const rows = tableRows(section)
    expect(rows.length).toBeGreaterThan(3)
    for (const [margin, count] of rows) {
      expect(count).toBe(rowsToSettle(oneInTen, Number.parseFloat(margin) / 100).toLocaleString('en-US'))
    }
  })
})

describe('docs/', () => {
  it('is listed page by page in the README', () => {
    const linked = linksOf(page('README.md')).map((target) => target.split('#')[0])
    expect(documentation.filter((name) => !linked.includes(`docs/${name}`))).toEqual([])
  })
})
