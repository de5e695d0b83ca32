/** A small project on disk with a live teacher behind a local address: messages sorted by product. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReceivedRequest } from './fault-provider.ts'

export interface ProjectOptions {
  readonly baseUrl: string
  readonly unlabelledRows: number
  readonly evaluationRows: number
  readonly concurrency: number
}

export interface Project {
  readonly folder: string
  readonly config: string
  remove(): Promise<void>
}

const example = 'examples/starter'

export async function createProject(options: ProjectOptions): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'potstill-project-'))
  await cp(join(example, 'data/labelled.csv'), join(folder, 'labelled.csv'))
  await copyLines('data/unlabelled.jsonl', join(folder, 'unlabelled.jsonl'), options.unlabelledRows)
  await copyLines('data/evaluation.jsonl', join(folder, 'evaluation.jsonl'), options.evaluationRows)
  const config = join(folder, 'potstill.yaml')
  await writeFile(
    config,
    `name: triage
task: { input: message, prompt: Which product is it about?, output: { labels: [sync, backup, sign, admin, billing, api] } }
data: { unlabelled: unlabelled.jsonl, labelled: labelled.csv, evaluation: evaluation.jsonl }
teacher: { model: local/teacher }
providers:
  local: { baseUrl: '${options.baseUrl}', keyEnv: LOCAL_KEY, concurrency: ${options.concurrency} }
prices:
  local/teacher: { input: 1, output: 2 }
`,
  )
  return { folder, config, remove: () => rm(folder, { recursive: true, force: true }) }
}

async function copyLines(file: string, target: string, count: number): Promise<void> {
  const lines = (await readFile(join(example, file), 'utf8')).split('\n').slice(0, count)
  await writeFile(target, `${lines.join('\n')}\n`)
}

/** The recorded teacher of the starter example, as a provider's answer. */
export async function recordedAnswers(): Promise<(request: ReceivedRequest) => string> {
  const lines = (await readFile(join(example, 'recorded/teacher.jsonl'), 'utf8')).split('\n').filter(Boolean)
  const answers = new Map(
    lines
      .map((line) => JSON.parse(line) as { input: string; answer: string })
      .map(({ input, answer }) => [input, answer]),
  )
  return ({ body }) => {
    const { messages } = JSON.parse(body) as { messages: { role: string; content: string }[] }
    return answers.get(messages.at(-1)?.content ?? '') ?? 'sync'
  }
}
