/** potstill import: captured traffic, fine-tuning files, exported evals and data sets, whatever the format. */
import { existsSync } from 'node:fs'
import { basename, extname, join, relative, resolve } from 'node:path'
import { jsonOption, type CommandContext, type CommandDefinition, type ExitCode } from '../command.ts'

export const importFiles: CommandDefinition = {
  name: 'import',
  positional: '<source...>',
  summary: 'captured traffic or data sets, whatever the format, as data files and a config that runs',
  description:
    'SOURCE is one file or several: stored completions, fine-tuning and preference files, exported OpenAI evals, CSV, JSON or JSONL. Or the word openai (a file of that name is ./openai): what an endpoint of that shape keeps is copied into a folder, to be imported from there.',
  options: [
    {
      flags: '--folder <folder>',
      description: 'where to write (a folder named after the source when left out)',
    },
    { flags: '--input <field>', description: 'the field that holds the input, where it cannot be told' },
    { flags: '--answer <field>', description: 'the field that holds the expected answer' },
    { flags: '--base-url <url>', description: 'openai: the endpoint (OpenAI itself when left out)' },
    jsonOption,
  ],
  async action(context) {
    const { positional } = context
    return positional.length === 1 && positional[0] === 'openai' ? pull(context) : convert(context)
  },
}

async function convert(context: CommandContext): Promise<ExitCode> {
  const { readImport } = await import('../../data/import/read-import.ts')
  const { planImport } = await import('../../data/import/plan-import.ts')
  const { writeWhole } = await import('../../core/write-whole.ts')
  const { PotstillError } = await import('../../core/errors.ts')
  const { positional, workingDirectory } = context
  const name = configName(positional[0])
  const folder = resolve(workingDirectory, option(context, 'folder') ?? name)
  const files = positional.map((file) => relative(process.cwd(), resolve(workingDirectory, file)))
  const imported = await readImport(files, {
    input: option(context, 'input'),
    answer: option(context, 'answer'),
  })
  const plan = planImport(imported, name)
  const taken = [...plan.files.keys()].find((file) => existsSync(join(folder, file)))
  if (taken !== undefined) {
    throw new PotstillError('FILE_EXISTS', `${join(folder, taken)} is there already`, {
      hint: `Choose another folder: potstill import ${positional[0]} --folder my-task.`,
    })
  }
  const leftOut = [...imported.leftOut, ...plan.leftOut]
  if (plan.files.size === 0) {
    const why = leftOut.map(({ reason, count }) => `${count}: ${reason}`).join('; ')
    throw new PotstillError(
      'DATA_EMPTY',
      `${positional.join(', ')}: no row in it could be used${why === '' ? '' : ` (${why})`}`,
    )
  }
  for (const [file, content] of plan.files) await writeWhole(join(folder, file), content)
  const summary = {
    folder,
    files: [...plan.files.keys()].sort(),
    found: imported.found,
    labelled: plan.labelled,
    unlabelled: plan.unlabelled,
    evaluation: plan.evaluation,
    leftOut,
    notes: plan.notes,
  }
  context.stdout.write(
    context.options['json'] === true ? `${JSON.stringify(summary)}\n` : forPerson(summary, context),
  )
  return 0
}

interface Summary {
  readonly folder: string
  readonly files: readonly string[]
  readonly found: Readonly<Record<string, number | undefined>>
  readonly labelled: number
  readonly unlabelled: number
  readonly evaluation: number
  readonly leftOut: readonly {
    readonly reason: string
    readonly count: number
    readonly first: { readonly file: string; readonly line: number }
  }[]
  readonly notes: readonly string[]
}

function forPerson(summary: Summary, { workingDirectory }: CommandContext): string {
  const found = Object.entries(summary.found).map(
    ([kind, count]) => `${count} ${kind}${count === 1 ? '' : 's'}`,
  )
  const kept = [
    `${summary.labelled} labelled`,
    `${summary.unlabelled} to be answered by the teacher`,
    ...(summary.evaluation > 0 ? [`${summary.evaluation} for evaluation`] : []),
  ]
  const leftOut = summary.leftOut.map(
    ({ reason, count, first }) => `  ${count} left out: ${reason} (first: ${first.file}:${first.line})\n`,
  )
  const notes = summary.notes.map((note) => `  ${note}\n`)
  const config = relative(workingDirectory, join(summary.folder, 'potstill.yaml'))
  return [
    `Found: ${found.join(', ')}\n`,
    `Rows: ${kept.join(', ')}\n`,
    ...leftOut,
    ...(notes.length === 0 ? [] : ['Note:\n', ...notes]),
    `Written to ${summary.folder}:\n`,
    ...summary.files.map((file) => `  ${file}\n`),
    `\nNext: potstill run${config === 'potstill.yaml' ? '' : ` ${config}`}\n`,
  ].join('')
}

async function pull(context: CommandContext): Promise<ExitCode> {
  const { createEndpoint } = await import('../../data/import/openai-endpoint.ts')
  const { pullOpenai } = await import('../../data/import/pull-openai.ts')
  const { createTerminal } = await import('../terminal.ts')
  const { setTimeout: sleep } = await import('node:timers/promises')
  const baseUrl = await endpointOf(context)
  const folder = resolve(context.workingDirectory, option(context, 'folder') ?? 'openai')
  const terminal = createTerminal({ stream: context.stderr, now: () => performance.now() })
  const endpoint = createEndpoint({
    baseUrl,
    key: context.environment['OPENAI_API_KEY'] ?? null,
    fetch,
    sleep: async (ms, signal) => sleep(ms, undefined, { signal }),
    signal: context.signal,
    onWait: (text) => terminal.line(text),
  })
  const lists = await pullOpenai(endpoint, folder, ({ file, items }) => {
    if (items % 100 === 0) terminal.line(`${file}: ${items}`)
  }).finally(() => terminal.close())
  if (context.options['json'] === true) {
    context.stdout.write(`${JSON.stringify({ folder, lists })}\n`)
    return 0
  }
  for (const { name, items, fresh, missing } of lists) {
    const words = missing ? 'not there, or not for this key' : `${items}, ${fresh} of them new`
    context.stdout.write(`  ${name}: ${words}\n`)
  }
  const shown = relative(context.workingDirectory, folder)
  context.stdout.write(`Written to ${folder}.\n\nNext: potstill import ${join(shown, 'completions.jsonl')}\n`)
  return 0
}

/** @throws USAGE for a bad address, MODEL_KEY_MISSING where a key is needed. */
async function endpointOf(context: CommandContext): Promise<string> {
  const { PotstillError } = await import('../../core/errors.ts')
  const address = option(context, 'baseUrl') ?? 'https://api.openai.com/v1'
  if (!URL.canParse(address) || !/^https?:$/u.test(new URL(address).protocol)) {
    throw new PotstillError('USAGE', `${address} is no http(s) address`, {
      hint: 'For example --base-url http://127.0.0.1:4141/v1.',
    })
  }
  const local = /^(?:localhost|127\..*|\[::1\])$/u.test(new URL(address).hostname)
  if (!local && !context.environment['OPENAI_API_KEY']) {
    throw new PotstillError('MODEL_KEY_MISSING', `${address} wants a key, and OPENAI_API_KEY is not set`)
  }
  return address.replace(/\/+$/u, '')
}

function option({ options }: CommandContext, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** A config's name from a file's. */
function configName(file: string): string {
  const name = basename(file, extname(file))
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/gu, '-')
    .replace(/^[^a-z0-9]+/u, '')
    .slice(0, 64)
  return name === '' ? 'imported' : name
}
