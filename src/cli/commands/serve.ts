/** potstill serve: the endpoint that applications call, with capture; and the keys for it. */
import { resolve } from 'node:path'
import type { PotstillError as PotstillErrorType } from '../../core/errors.ts'
import { jsonOption, type CommandContext, type CommandDefinition, type ExitCode } from '../command.ts'

const defaultPort = 4141

export const serve: CommandDefinition = {
  name: 'serve',
  positional: '[config]',
  summary: 'the OpenAI-compatible endpoint: students, teachers behind them, and capture of traffic',
  description:
    "Serves students, aliases and providers' models at /v1 until it is stopped. A config is not needed; given, its providers are known here, and recorded answers are looked for beside it.",
  options: [
    { flags: '--port <number>', description: `the port (${defaultPort} when left out; 0 for any free one)` },
    { flags: '--host <address>', description: 'where to listen (127.0.0.1; others need a key)' },
    { flags: '--host-name <name>', description: 'a further name by which clients call the server' },
    {
      flags: '--upstream <provider>',
      description:
        'a provider, or a base URL, that bare model names go to (openai when OPENAI_API_KEY is set)',
    },
    { flags: '--capture <which>', description: 'keep replies to requests with store: true (stored), or all' },
    {
      flags: '--durability <how>',
      description: 'durable: a reply ends once it is on disk; relaxed: no waiting',
    },
    { flags: '--allow-python-graders', description: 'let evals run graders written in Python' },
    { flags: '--quiet', description: 'log warnings and errors only' },
    { flags: '--create-key <name>', description: 'make a key, print it once, and end' },
    { flags: '--role <role>', description: 'with --create-key: infer or manage (infer when left out)' },
    { flags: '--remove-key <name>', description: 'remove a key, and end' },
    { flags: '--keys', description: 'list the keys, and end' },
    jsonOption,
  ],
  async action(context) {
    const { dataFolder } = await import('../../runs/run.ts')
    const { openStore } = await import('../../store/sqlite-store.ts')
    const data = dataFolder(context.environment, context.workingDirectory)
    const store = openStore(data)
    try {
      return (await manageKeys(context, store)) ?? (await listen(context, store, data))
    } finally {
      await store.close()
    }
  },
}

type Store = ReturnType<typeof import('../../store/sqlite-store.ts').openStore>

/** null where the command is not about keys. */
async function manageKeys(context: CommandContext, store: Store): Promise<ExitCode | null> {
  const { createKey, listKeys, removeKey } = await import('../../serve/keys.ts')
  const { options, stdout } = context
  const print = (value: unknown, text: string): 0 => {
    stdout.write(options['json'] === true ? `${JSON.stringify(value)}\n` : text)
    return 0
  }
  const { createKey: name, removeKey: removed } = options
  if (typeof name === 'string') {
    const role = await choice(context, 'role', ['infer', 'manage'] as const)
    if (!/^[\w.-]{1,64}$/.test(name)) throw await usage(`${JSON.stringify(name)} cannot be a key's name`)
    const key = await createKey(store, name, role, Date.now())
    return print({ name, role, key }, `${key}\n`)
  }
  if (typeof removed === 'string') {
    if (!(await removeKey(store, removed))) throw await usage(`there is no key named ${removed}`)
    return print({ removed }, `${removed} is removed.\n`)
  }
  if (options['keys'] !== true) return null
  const keys = await listKeys(store)
  const lines = keys.map((key) => `${key.name}  ${key.role}  ${new Date(key.createdAtMs).toISOString()}\n`)
  return print(keys, lines.join('') || 'No keys: only this machine can ask.\n')
}

async function listen(context: CommandContext, store: Store, data: string): Promise<ExitCode> {
  const { createKeyCheck, listKeys } = await import('../../serve/keys.ts')
  const { createLog } = await import('../../serve/log.ts')
  const { startServer } = await import('../../serve/server.ts')
  const { environment, options, signal, stderr, stdout, workingDirectory } = context
  const config = await configOf(context)
  const log = createLog(stderr, Date.now, options['quiet'] === true ? 'warn' : 'info')
  const keyed = (await listKeys(store)).length > 0
  const server = await startServer({
    store,
    data,
    folder: config?.folder ?? workingDirectory,
    environment,
    providers: config?.config.providers,
    settings: {
      capture: await choice(context, 'capture', ['stored', 'all'] as const),
      durability: await choice(context, 'durability', ['durable', 'relaxed'] as const),
      upstream: text(options['upstream']) ?? ((environment['OPENAI_API_KEY'] ?? '') === '' ? null : 'openai'),
      allowPythonGraders: options['allowPythonGraders'] === true,
    },
    checkKey: keyed ? createKeyCheck(store, Date.now) : null,
    log: log.write,
    host: text(options['host']) ?? '127.0.0.1',
    port: await portOf(context),
    hostNames: [options['hostName']].filter((name) => typeof name === 'string'),
  })
  const { baseUrl } = server
  stdout.write(
    options['json'] === true ? `${JSON.stringify({ baseUrl, keyed })}\n` : greeting(baseUrl, keyed),
  )
  await new Promise<void>((stop) => {
    if (signal.aborted) stop()
    else signal.addEventListener('abort', () => stop())
  })
  await server.close()
  log.flush()
  return 0
}

function greeting(baseUrl: string, keyed: boolean): string {
  const key = keyed ? 'one of your keys' : 'anything'
  return `Serving at ${baseUrl}\n  OPENAI_BASE_URL=${baseUrl} OPENAI_API_KEY=${keyed ? 'ps-…' : 'none'}   (the key: ${key})\n  Ctrl-C ends it in good order.\n`
}

async function configOf({ positional, workingDirectory }: CommandContext) {
  const [path] = positional
  if (path === undefined) return null
  const { loadConfig } = await import('../../core/load-config.ts')
  return loadConfig(resolve(workingDirectory, path))
}

function text(option: string | boolean | undefined): string | null {
  return typeof option === 'string' && option !== '' ? option : null
}

/** The first is the default. @throws USAGE. */
async function choice<Value extends string>(
  { options }: CommandContext,
  name: string,
  values: readonly Value[],
): Promise<Value> {
  const given = options[name] ?? values[0]
  const found = values.find((value) => value === given)
  if (found !== undefined) return found
  throw await usage(`--${name} must be ${values.join(' or ')}, not ${JSON.stringify(given)}`)
}

async function portOf({ options }: CommandContext): Promise<number> {
  const given = text(options['port']) ?? String(defaultPort)
  if (/^\d{1,5}$/.test(given) && Number(given) < 65_536) return Number(given)
  throw await usage(`--port must be a number from 0 to 65535, not ${JSON.stringify(given)}`)
}

async function usage(message: string): Promise<PotstillErrorType> {
  const { PotstillError } = await import('../../core/errors.ts')
  return new PotstillError('USAGE', message, { hint: 'See `potstill serve --help`.' })
}
