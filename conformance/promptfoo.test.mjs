/** promptfoo evaluates a student through the endpoint. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import OpenAI, { toFile } from 'openai'
import { chatLine, heldOut, training } from './support/moods.mjs'
import { startPotstill } from './support/serve.mjs'

let server
let folder
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'potstill-promptfoo-'))
  server = await startPotstill()
})
after(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function train() {
  const client = new OpenAI({ baseURL: server.baseUrl, apiKey: 'none' })
  const content = Buffer.from(training.map(chatLine).join('\n'))
  const file = await client.files.create({ file: await toFile(content, 'moods.jsonl'), purpose: 'fine-tune' })
  let job = await client.fineTuning.jobs.create({ model: 'micro', training_file: file.id })
  while (!['succeeded', 'failed'].includes(job.status)) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    job = await client.fineTuning.jobs.retrieve(job.id)
  }
  assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
  return job.fine_tuned_model
}

test('each held-out row is asked and judged', async () => {
  const model = await train()
  const config = {
    prompts: [
      JSON.stringify([
        { role: 'system', content: 'What is the mood?' },
        { role: 'user', content: '{{text}}' },
      ]),
    ],
    providers: [{ id: `openai:chat:${model}`, config: { apiBaseUrl: server.baseUrl, apiKey: 'none' } }],
    tests: heldOut.map(({ text, mood }) => ({ vars: { text }, assert: [{ type: 'equals', value: mood }] })),
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const output = join(folder, 'results.json')
  const main = fileURLToPath(new URL('node_modules/promptfoo/dist/src/entrypoint.js', import.meta.url))
  await run(main, [
    'eval',
    '-c',
    join(folder, 'config.json'),
    '-o',
    output,
    '--no-cache',
    '--no-table',
    '--no-write',
  ])
  const { results } = JSON.parse(readFileSync(output, 'utf8'))
  assert.equal(results.results.length, heldOut.length)
  assert.equal(results.stats.errors, 0)
  assert.ok(results.stats.successes >= 0.8 * heldOut.length, JSON.stringify(results.stats))
})

/** It ends with 100 where an assertion failed, which is no failure of ours. */
function run(main, words) {
  const env = {
    ...process.env,
    PROMPTFOO_CONFIG_DIR: folder,
    PROMPTFOO_DISABLE_TELEMETRY: '1',
    PROMPTFOO_DISABLE_UPDATE: '1',
    PROMPTFOO_DISABLE_REMOTE_GENERATION: 'true',
  }
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...words], { cwd: folder, env }, (error, stdout, stderr) => {
      if (error === null || error.code === 100) resolve(stdout)
      else reject(new Error(`promptfoo ended with ${error.code}:\n${stdout}\n${stderr}`))
    })
  })
}
