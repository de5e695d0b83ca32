/** The built server in a process of its own, to be killed: prints its address, and serves the data folder that it is given. */
const built = new URL('../../dist/', import.meta.url)
/** @type {typeof import('../../src/serve/server.ts')} */
const { startServer } = await import(new URL('serve/server.js', built).href)
/** @type {typeof import('../../src/store/sqlite-store.ts')} */
const { openStore } = await import(new URL('store/sqlite-store.js', built).href)

const [, , data] = process.argv
const server = await startServer({
  store: openStore(data),
  data,
  folder: data,
  environment: {},
  log: (level, message) => {
    if (level === 'error') process.stderr.write(`${message}\n`)
  },
  host: '127.0.0.1',
  port: 0,
})
process.stdout.write(`${server.baseUrl}\n`)
