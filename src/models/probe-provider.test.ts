import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { probeProvider } from './probe-provider.ts'
import { resolveProvider, type Provider } from './providers.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

async function provider(
  status: number,
  body: unknown,
): Promise<{ provider: Provider; keys: (string | undefined)[] }> {
  const keys: (string | undefined)[] = []
  const server = createServer((request, response) => {
    keys.push(request.headers.authorization)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const declared = { house: { baseUrl, keyEnv: 'HOUSE_KEY' } }
  return { ...resolveProvider('house/small', { declared, env: { HOUSE_KEY: 'sk-house-1234567890' } }), keys }
}

it('finds a model that the endpoint lists, and sends the key', async () => {
  const { provider: house, keys } = await provider(200, { data: [{ id: 'small' }] })
  expect(await probeProvider(house, 'small')).toMatchObject({ state: 'ok' })
  expect(keys).toEqual(['Bearer sk-house-1234567890'])
})

it('warns of a model that the endpoint does not list', async () => {
  const { provider: house } = await provider(200, { data: [{ id: 'other' }] })
  expect(await probeProvider(house, 'small')).toMatchObject({ state: 'warning' })
})

it('says which variable holds a key that is refused, and not the key', async () => {
  const { provider: house } = await provider(401, { error: { message: 'bad key sk-house-1234567890' } })
  const probe = await probeProvider(house, 'small')
  expect(probe).toMatchObject({ state: 'error', advice: 'Check the key in HOUSE_KEY.' })
  expect(JSON.stringify(probe)).not.toContain('sk-house')
})

it('says that nothing answers there', async () => {
  const { provider: house } = await provider(200, {})
  for (const close of closers.splice(0)) close()
  expect(await probeProvider(house, 'small')).toMatchObject({ state: 'error' })
})
