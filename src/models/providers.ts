/** The providers that are known by name, those that a config declares, and the checks on both. */
import { PotstillError } from '../core/errors.ts'

export type StructuredOutput = 'json_schema' | 'json_object' | 'none'

/** What a config says of a provider. */
export interface ProviderSettings {
  readonly baseUrl: string
  /** Name of the environment variable that holds the key; no key is sent when absent. */
  readonly keyEnv?: string
  readonly requestsPerMinute?: number
  readonly tokensPerMinute?: number
  /** The most requests under way at once; 64 by default. */
  readonly concurrency?: number
  /** How the provider can be held to a schema; "json_schema" by default. */
  readonly structuredOutput?: StructuredOutput
  readonly headers?: Readonly<Record<string, string>>
  /** The header that carries the key; by default `authorization`, as a bearer token. */
  readonly keyHeader?: string
  /** How many alternatives per token it gives with log-probabilities; 0 when it gives none; 5 by default. */
  readonly topLogprobs?: number
  readonly maxTokensField?: 'max_completion_tokens' | 'max_tokens'
  /** How long to wait for a reply; ten minutes by default. */
  readonly timeoutMs?: number
}

/** A provider that can be called: settings checked, defaults filled in, key at hand. */
export interface Provider extends Required<
  Omit<ProviderSettings, 'keyEnv' | 'requestsPerMinute' | 'tokensPerMinute'>
> {
  readonly name: string
  readonly keyEnv: string | null
  /** Never goes into a log, an error or a stored request. */
  readonly key: string | null
  readonly requestsPerMinute: number | null
  readonly tokensPerMinute: number | null
}

const knownProviders: Readonly<Record<string, ProviderSettings>> = {
  openai: {
    baseUrl: 'https://api.openai.com/v1',
    keyEnv: 'OPENAI_API_KEY',
    topLogprobs: 20,
    maxTokensField: 'max_completion_tokens',
  },
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', keyEnv: 'OPENROUTER_API_KEY', topLogprobs: 20 },
  together: { baseUrl: 'https://api.together.xyz/v1', keyEnv: 'TOGETHER_API_KEY', topLogprobs: 0 },
  fireworks: { baseUrl: 'https://api.fireworks.ai/inference/v1', keyEnv: 'FIREWORKS_API_KEY' },
  groq: {
    baseUrl: 'https://api.groq.com/openai/v1',
    keyEnv: 'GROQ_API_KEY',
    structuredOutput: 'json_object',
    topLogprobs: 0,
    maxTokensField: 'max_completion_tokens',
  },
  mistral: { baseUrl: 'https://api.mistral.ai/v1', keyEnv: 'MISTRAL_API_KEY', topLogprobs: 0 },
  deepseek: {
    baseUrl: 'https://api.deepseek.com/v1',
    keyEnv: 'DEEPSEEK_API_KEY',
    structuredOutput: 'json_object',
    topLogprobs: 20,
  },
  nebius: { baseUrl: 'https://api.studio.nebius.com/v1', keyEnv: 'NEBIUS_API_KEY', topLogprobs: 0 },
  ollama: { baseUrl: 'http://127.0.0.1:11434/v1', topLogprobs: 0, concurrency: 4 },
  lmstudio: { baseUrl: 'http://127.0.0.1:1234/v1', topLogprobs: 0, concurrency: 4 },
  vllm: { baseUrl: 'http://127.0.0.1:8000/v1', topLogprobs: 20 },
}

const defaults = {
  concurrency: 64,
  structuredOutput: 'json_schema',
  headers: {},
  keyHeader: 'authorization',
  topLogprobs: 5,
  maxTokensField: 'max_tokens',
  timeoutMs: 600_000,
} as const

export interface ProviderSources {
  readonly declared?: Readonly<Record<string, ProviderSettings>>
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * "openai/gpt-6-sol" to its provider and the model's name there. Throws MODEL_UNKNOWN for a provider that is
 * neither known nor declared, MODEL_KEY_MISSING without its key, CONFIG_INVALID for settings that cannot work.
 */
export function resolveProvider(
  model: string,
  sources: ProviderSources,
): { readonly provider: Provider; readonly model: string } {
  const slash = model.indexOf('/')
  const name = model.slice(0, Math.max(0, slash))
  const rest = model.slice(slash + 1)
  const settings = settingsOf(name, sources)
  if (settings === null || rest === '') {
    const names = [...Object.keys(sources.declared ?? {}), ...Object.keys(knownProviders)].join(', ')
    throw new PotstillError('MODEL_UNKNOWN', `${model} names no known provider and model`, {
      hint: `Write <provider>/<model> with one of ${names}, or declare yours under \`providers\`.`,
    })
  }
  const { keyEnv, requestsPerMinute, tokensPerMinute, ...others } = settings
  checkHeaders(name, settings)
  const provider: Provider = {
    ...defaults,
    ...definedOnly(others),
    name,
    baseUrl: checkBaseUrl(name, settings.baseUrl),
    keyEnv: keyEnv ?? null,
    key: keyEnv === undefined ? null : readKey(name, keyEnv, sources.env),
    requestsPerMinute: requestsPerMinute ?? null,
    tokensPerMinute: tokensPerMinute ?? null,
  }
  return { provider, model: rest }
}

/** A declared provider may take a known one's name, and then stands on its own. */
function settingsOf(name: string, { declared, env }: ProviderSources): ProviderSettings | null {
  if (declared !== undefined && Object.hasOwn(declared, name)) return declared[name]
  if (!Object.hasOwn(knownProviders, name)) return null
  const known = knownProviders[name]
  const baseUrl = env.OPENAI_BASE_URL?.trim()
  return name === 'openai' && baseUrl ? { ...known, baseUrl } : known
}

function definedOnly<T extends object>(settings: T): T {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as T
}

function readKey(name: string, variable: string, env: ProviderSources['env']): string {
  const key = env[variable]?.trim() ?? ''
  if (key === '') {
    throw new PotstillError('MODEL_KEY_MISSING', `${name} needs a key, and ${variable} is not set`, {
      hint: `Set it in the environment: export ${variable}=...`,
    })
  }
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new PotstillError(
      'MODEL_KEY_MISSING',
      `the key in ${variable} holds spaces, line breaks or other signs that no key has`,
    )
  }
  return key
}

function checkBaseUrl(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const fault =
    url === null
      ? 'is not a URL'
      : !/^https?:$/.test(url.protocol)
        ? 'must begin with http:// or https://'
        : url.username !== '' || url.password !== ''
          ? 'must not hold a user name or a password'
          : url.search !== '' || url.hash !== ''
            ? 'must not hold a query or a fragment'
            : null
  if (url === null || fault !== null) {
    // The text itself may hold a password, so it is not shown.
    throw new PotstillError('CONFIG_INVALID', `providers.${name}.baseUrl ${fault}`, {
      hint: 'For example https://api.example.com/v1; the key comes from the variable that keyEnv names.',
    })
  }
  return url.href.replace(/\/+$/, '')
}

/** Headers that the client sets itself. */
const ownHeaders = new Set(
  'authorization host content-length content-type transfer-encoding connection accept-encoding'.split(' '),
)

function checkHeaders(name: string, { headers = {}, keyHeader }: ProviderSettings): void {
  const names = [...Object.keys(headers), ...(keyHeader === undefined ? [] : [keyHeader])]
  const bad = names.find((header) => !/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(header))
  const own = Object.keys(headers).find((header) => ownHeaders.has(header.toLowerCase()))
  const value = Object.entries(headers).find(([, text]) => !/^[\t\x20-\x7e]*$/.test(text))?.[0]
  if (bad !== undefined || own !== undefined || value !== undefined) {
    const fault =
      bad !== undefined
        ? `${JSON.stringify(bad)} is no header name`
        : own !== undefined
          ? `${own} is set by potstill itself`
          : `${value} has a value with line breaks or other signs that no header has`
    throw new PotstillError('CONFIG_INVALID', `providers.${name}.headers: ${fault}`)
  }
}
