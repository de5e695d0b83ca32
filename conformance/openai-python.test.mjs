/** The official client for Python: workflow.py says what it does. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { rows } from './support/moods.mjs'
import { runPython } from './support/python.mjs'
import { startPotstill } from './support/serve.mjs'
import { startUpstream } from './support/upstream.mjs'

let upstream
let server
before(async () => {
  upstream = await startUpstream()
  server = await startPotstill(['--upstream', upstream.baseUrl])
})
after(async () => {
  await server?.close()
  upstream?.close()
})

test('the whole workflow, with only the base URL changed', async () => {
  const output = await runPython('workflow.py', {
    POTSTILL_BASE_URL: server.baseUrl,
    ROWS: JSON.stringify(rows),
  })
  assert.match(output, /done/u)
})
