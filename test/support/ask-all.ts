/**
 * A process that asks a model many questions through the call log, to be killed at any moment:
 *   tsx test/support/ask-all.ts BASE_URL DATA_FOLDER QUESTIONS CONCURRENCY
 * It prints one line for each reply, `<question> <call key>`, once the reply is there, and "done" at the end.
 */
import { createBudget } from '../../src/models/budget.ts'
import { loadPriceTable } from '../../src/models/prices.ts'
import { createConnections, openProviderModel } from '../../src/models/provider-model.ts'
import { openStore } from '../../src/store/sqlite-store.ts'

const [baseUrl, folder, questions, concurrency] = process.argv.slice(2)
const store = openStore(folder)
const connections = createConnections({
  env: {},
  declared: { local: { baseUrl, concurrency: Number(concurrency) } },
})
const model = openProviderModel({
  model: 'local/m',
  connections,
  store,
  run: 'run',
  budget: createBudget(null, await store.spentUsd('run')),
  prices: loadPriceTable({ 'local/m': { input: 1, output: 2 } }),
})
await Promise.all(
  Array.from({ length: Number(questions) }, async (_, question) => {
    const { callKey } = await model.complete({
      messages: [{ role: 'user', content: `question ${question}` }],
    })
    process.stdout.write(`${question} ${callKey}\n`)
  }),
)
await connections.close()
await store.close()
process.stdout.write('done\n')
