/** A run's rows, kept in a file of its own from the start: what they came from may change or go while it runs. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '../../core/json.ts'
import { writeWhole } from '../../core/write-whole.ts'
import { readRecords } from '../../data/read-records.ts'
import type { ServeDeps } from '../deps.ts'

export interface RunItem {
  readonly item: JsonObject
  /** What was answered before; absent where it is still to be asked. */
  readonly sample?: JsonObject
}

type ItemDeps = Pick<ServeDeps, 'data'>

function pathOf({ data }: ItemDeps, run: string): string {
  return join(data, 'evals', `${run}.jsonl`)
}

export async function keepRunItems(deps: ItemDeps, run: string, items: readonly RunItem[]): Promise<void> {
  await writeWhole(pathOf(deps, run), lines(items))
}

export async function readRunItems(deps: ItemDeps, run: string): Promise<readonly RunItem[]> {
  const items: RunItem[] = []
  for await (const { value } of readRecords(pathOf(deps, run))) items.push(value as unknown as RunItem)
  return items
}

export async function removeRunItems(deps: ItemDeps, run: string): Promise<void> {
  await rm(pathOf(deps, run), { force: true })
}

function* lines(items: readonly RunItem[]): Generator<string> {
  for (const item of items) yield `${JSON.stringify(item)}\n`
}
