/** Asks an endpoint for its list of models, which costs nothing: is it there, is the key right, is the model known. */
import { request } from 'undici'
import { messageOf } from '../core/errors.ts'
import type { Provider } from './providers.ts'
import { createRedactor } from './redact.ts'

export interface Probe {
  readonly state: 'ok' | 'warning' | 'error'
  readonly text: string
  readonly advice?: string
}

const patienceMs = 10_000

export async function probeProvider(provider: Provider, model: string): Promise<Probe> {
  const { baseUrl, key, keyHeader, keyEnv } = provider
  const redact = createRedactor(key)
  const bearer = keyHeader === 'authorization' ? `Bearer ${key}` : key
  try {
    const { statusCode, body } = await request(`${baseUrl}/models`, {
      headers: { ...provider.headers, ...(bearer === null || key === null ? {} : { [keyHeader]: bearer }) },
      headersTimeout: patienceMs,
      bodyTimeout: patienceMs,
      signal: AbortSignal.timeout(patienceMs),
    })
    const text = await body.text()
    if (statusCode === 401 || statusCode === 403) {
      const advice = keyEnv === null ? 'Declare keyEnv for this provider.' : `Check the key in ${keyEnv}.`
      return { state: 'error', text: `${baseUrl} refuses the key (${statusCode})`, advice }
    }
    if (statusCode !== 200) {
      return { state: 'warning', text: `${baseUrl} answers ${statusCode} to a request for its models` }
    }
    return knownModels(text).has(model)
      ? { state: 'ok', text: `${baseUrl} has it` }
      : {
          state: 'warning',
          text: `${baseUrl} answers, but does not list it`,
          advice: 'Check the model’s name.',
        }
  } catch (error) {
    const advice = 'Check the address and the network, or start the local server.'
    return { state: 'error', text: redact(`${baseUrl} cannot be reached: ${messageOf(error)}`), advice }
  }
}

function knownModels(text: string): ReadonlySet<string> {
  try {
    const { data } = JSON.parse(text) as { data?: readonly { id?: string }[] }
    return new Set((data ?? []).flatMap(({ id }) => id ?? []))
  } catch {
    return new Set()
  }
}
