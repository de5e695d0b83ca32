/** The gateways that the bench of the gateway measures: how each is started in front of the stand-in, and how it is asked. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'

export type GatewayName = 'durable' | 'relaxed' | 'portkey' | 'litellm'

export interface StartedGateway {
  /** As a client's base URL. */
  readonly url: string
  /** What the client calls the model. */
  readonly model: string
  readonly headers: Readonly<Record<string, string>>
  readonly pid: number
  stop(): Promise<void>
}

export interface Gateway {
  /** True where every reply must be in the store of the folder afterwards. */
  readonly keeps: boolean
  /** `upstream` is the stand-in's base URL; `folder` is empty and its to write to. */
  start(place: { readonly upstream: string; readonly folder: string }): Promise<StartedGateway>
}

/** This checkout's own, as built. */
export function potstill(durability: 'durable' | 'relaxed'): Gateway {
  return {
    keeps: true,
    async start({ upstream, folder }) {
      const port = await freePort()
      const main = join(import.meta.dirname, '../dist/cli/main.js')
      const args = [main, 'serve', '--port', `${port}`, '--upstream', upstream, '--durability', durability]
      const process_ = await startProcess([process.execPath, ...args], `http://127.0.0.1:${port}/healthz`, {
        POTSTILL_HOME: folder,
      })
      return { ...process_, url: `http://127.0.0.1:${port}/v1`, model: 'stand-in', headers: {} }
    },
  }
}

/** Public gateways, by the command that starts each. */
export const peers: Readonly<Record<'portkey' | 'litellm', (command: string) => Gateway>> = {
  /** @portkey-ai/gateway of npm: `node …/@portkey-ai/gateway/build/start-server.js`. */
  portkey: (command) => ({
    keeps: false,
    async start({ upstream }) {
      const port = await freePort()
      const words = [...command.split(' '), `--port=${port}`, '--headless']
      const process_ = await startProcess(words, `http://127.0.0.1:${port}/`, {})
      const headers = {
        authorization: 'Bearer none',
        'x-portkey-provider': 'openai',
        'x-portkey-custom-host': upstream,
      }
      return { ...process_, url: `http://127.0.0.1:${port}/v1`, model: 'stand-in', headers }
    },
  }),
  /** litellm[proxy] of PyPI: `litellm`. */
  litellm: (command) => ({
    keeps: false,
    async start({ upstream, folder }) {
      const port = await freePort()
      const config = join(folder, 'litellm.yaml')
      writeFileSync(
        config,
        `model_list:
  - model_name: stand-in
    litellm_params: { model: openai/stand-in, api_base: '${upstream}', api_key: none }
litellm_settings: { telemetry: false, num_retries: 0 }
`,
      )
      const words = [...command.split(' '), '--config', config, '--host', '127.0.0.1', '--port', `${port}`]
      const process_ = await startProcess(words, `http://127.0.0.1:${port}/health/liveliness`, {
        LITELLM_MASTER_KEY: localKey,
      })
      const headers = { authorization: `Bearer ${localKey}` }
      return { ...process_, url: `http://127.0.0.1:${port}/v1`, model: 'stand-in', headers }
    },
  }),
}

/** It does not start without a key, and is only reached from this machine. */
const localKey = `sk-${randomBytes(16).toString('hex')}`

type Started = Pick<StartedGateway, 'pid' | 'stop'>

const longestStartMs = 120_000

/** Resolves once the address answers. @throws when the process ends before. */
async function startProcess(
  [file, ...args]: readonly string[],
  ready: string,
  environment: Readonly<Record<string, string>>,
): Promise<Started> {
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  })
  let errors = ''
  // Read to the end, or a gateway that logs each request would wait for us.
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)))
  const exited = once(child, 'exit')
  let running = true
  void exited.then(() => (running = false))
  const deadline = performance.now() + longestStartMs
  while (!(await answers(ready))) {
    if (!running || performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${file} ${args.join(' ')} did not start: ${errors}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    pid: child.pid ?? 0,
    async stop() {
      if (!running) return
      child.kill('SIGTERM')
      const hard = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await exited
      clearTimeout(hard)
    },
  }
}

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    async (response) => {
      await response.arrayBuffer()
      return true
    },
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
