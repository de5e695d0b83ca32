/** The notebook of examples/notebook, executed from top to bottom in a copy. */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runPython } from './support/python.mjs'
import { startPotstill } from './support/serve.mjs'

const examples = fileURLToPath(new URL('../examples/', import.meta.url))
let server
let folder
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'potstill-notebook-'))
  for (const name of ['support-desk', 'notebook'])
    cpSync(join(examples, name), join(folder, name), { recursive: true })
  server = await startPotstill([join(folder, 'support-desk', 'potstill.yaml')])
})
after(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('every cell runs, and the distilled student is better than the one before', async () => {
  const output = await runPython('execute_notebook.py', {
    POTSTILL_BASE_URL: server.baseUrl,
    NOTEBOOK_FOLDER: join(folder, 'notebook'),
    IPYTHONDIR: join(folder, 'ipython'),
  })
  const results = JSON.parse(/^RESULT (.*)$/mu.exec(output)[1])
  assert.deepEqual(Object.keys(results), [
    'teacher, with its guide',
    'teacher, short prompt',
    'student before',
    'student after',
  ])
  assert.ok(Object.values(results).every(({ rows }) => rows === 200))
  assert.ok(results['student after'].right > results['student before'].right + 10, JSON.stringify(results))
  assert.ok(
    results['student after'].right > results['teacher, short prompt'].right - 20,
    JSON.stringify(results),
  )
  for (const file of ['synthetic.csv', 'synthetic.json', 'training.json']) {
    assert.ok(existsSync(join(folder, 'notebook', 'output', file)), file)
  }
  console.log(output)
})
