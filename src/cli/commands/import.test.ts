import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../core/load-config.ts'
import { prepareRows } from '../../pipeline/prepare-rows.ts'
import { importFiles } from './import.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'potstill-import-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function run(
  positional: readonly string[],
  options: Readonly<Record<string, string | boolean>> = {},
): Promise<string> {
  const stdout = new PassThrough()
  const code = await importFiles.action({
    positional,
    options,
    workingDirectory: folder,
    environment: {},
    stdout,
    stderr: new PassThrough() as unknown as NodeJS.WriteStream,
    signal: new AbortController().signal,
  })
  expect(code).toBe(0)
  return (stdout.read() as Buffer).toString()
}

const captured = Array.from({ length: 30 }, (_, index) =>
  JSON.stringify({
    id: `chatcmpl-${index}`,
    model: 'gpt-4o',
    choices: [
      {
        finish_reason: 'stop',
        message: { role: 'assistant', content: JSON.stringify({ even: index % 2 === 0 }) },
      },
    ],
    messages: [
      { role: 'system', content: 'Is the number even?' },
      { role: 'user', content: `The number ${index}` },
    ],
  }),
)

describe('potstill import', () => {
  it('writes a config that potstill run takes as it is, and says what it did', async () => {
    writeFileSync(join(folder, 'captured.jsonl'), [...captured, 'no JSON'].join('\n'))
    const said = await run(['captured.jsonl'], { folder: 'task' })
    expect(said).toContain('Found: 30 stored completions\n')
    expect(said).toContain('Rows: 0 labelled, 30 to be answered by the teacher\n')
    expect(said).toMatch(/1 left out: not JSON \(first: .*captured\.jsonl:31\)/u)
    expect(said).toContain('Next: potstill run task/potstill.yaml')
    const loaded = await loadConfig(join(folder, 'task', 'potstill.yaml'))
    const rows = await prepareRows(loaded, 1, folder)
    expect(rows.unlabelled.length + rows.evaluation.length).toBe(30)
    expect(rows.task.fields.map(({ path, kind }) => [path, kind])).toEqual([['even', 'boolean']])
    expect(loaded.taskPrompt).toBe('Is the number even?')
  })

  it('prints JSON when asked to, names the config after the file, and overwrites nothing', async () => {
    writeFileSync(join(folder, 'My Rows.csv'), 'text,label\r\na,x\r\nb,y\r\nc,x\r\nd,y\r\ne,x\r\n')
    const summary = JSON.parse(await run(['My Rows.csv'], { json: true })) as {
      folder: string
      labelled: number
    }
    expect(summary).toMatchObject({ folder: join(folder, 'my-rows'), labelled: 5, found: { row: 5 } })
    const config = readFileSync(join(folder, 'my-rows', 'potstill.yaml'), 'utf8')
    await expect(run(['My Rows.csv'])).rejects.toMatchObject({ code: 'FILE_EXISTS' })
    expect(readFileSync(join(folder, 'my-rows', 'potstill.yaml'), 'utf8')).toBe(config)
    await prepareRows(await loadConfig(join(folder, 'my-rows', 'potstill.yaml')), 1, folder)
  })

  it('writes nothing where no row could be used, and says why', async () => {
    writeFileSync(join(folder, 'x.jsonl'), '{"one":"a","two":"b"}\n')
    await expect(run(['x.jsonl'])).rejects.toThrow('the input cannot be told among the fields one, two')
    expect(existsSync(join(folder, 'x'))).toBe(false)
  })

  it('wants a key for any endpoint but those of this machine, before it asks', async () => {
    await expect(run(['openai'])).rejects.toMatchObject({ code: 'MODEL_KEY_MISSING' })
    await expect(run(['openai'], { baseUrl: 'ftp://x' })).rejects.toMatchObject({ code: 'USAGE' })
  })
})
