import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'potstill-config-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function config(evaluate: object): string {
  const file = join(folder, 'potstill.yaml')
  // JSON is YAML.
  const whole = {
    name: 'x',
    task: { output: 'text' },
    data: { unlabelled: 'a.jsonl' },
    teacher: { model: 'openai/m' },
    evaluate,
  }
  writeFileSync(file, JSON.stringify(whole))
  return file
}

describe('graders of a config', () => {
  it('have their prompts and sources read from the files that they name', async () => {
    writeFileSync(join(folder, 'judge.md'), 'Judge {{sample.output_text}}\n')
    writeFileSync(join(folder, 'length.js'), 'const grade = () => 1\n')
    const loaded = await loadConfig(
      config({
        graders: [
          { type: 'score_model', model: 'openai/m', prompt: 'judge.md' },
          { type: 'javascript', source: 'length.js' },
          { type: 'javascript', source: 'function grade() { return 1 }' },
        ],
      }),
    )
    expect(loaded.config.evaluate.graders).toMatchObject([
      { prompt: 'Judge {{sample.output_text}}', range: [0, 1] },
      { source: 'const grade = () => 1\n' },
      { source: 'function grade() { return 1 }' },
    ])
  })

  it.each([
    [{ type: 'javascript', source: 'none.js' }, 'DATA_NOT_FOUND', 'evaluate.graders[0].source'],
    [{ type: 'text_similarity', metric: 'cosine' }, 'CONFIG_INVALID', 'evaluate.graders[0].model'],
    [{ type: 'python', source: 'def grade(sample, item): return 1' }, 'CONFIG_INVALID', 'allowPythonGraders'],
    [
      { type: 'score_model', model: 'openai/m', prompt: 'x', range: [5, 1] },
      'CONFIG_INVALID',
      'evaluate.graders[0].range',
    ],
    [
      { type: 'label_model', model: 'openai/m', prompt: 'x', labels: ['a', 'b'], passingLabels: ['c'] },
      'CONFIG_INVALID',
      'passingLabels has "c"',
    ],
  ])('are refused before anything is spent: %j', async (grader, code, words) => {
    await expect(loadConfig(config({ graders: [grader] }))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words) as string,
    })
  })
})
