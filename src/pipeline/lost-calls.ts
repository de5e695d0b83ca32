/** Says which calls a crash cut off: sent, perhaps paid for, but without a reply on disk. */
import type { StepEvent } from '../core/event.ts'
import type { Session } from './session.ts'

const mostNamed = 5

export async function* reportLostCalls({ store, run }: Session): AsyncGenerator<StepEvent, void> {
  const lost = await store.unfinishedCalls(run.manifest.id)
  if (lost.length === 0) return
  const named = lost.slice(0, mostNamed).map(({ key }) => key.slice(0, 12))
  const more = lost.length > mostNamed ? ` and ${lost.length - mostNamed} more` : ''
  yield {
    type: 'message',
    level: 'warning',
    text: `${lost.length} calls were under way when this run was last stopped; they may have been paid for, no reply is on disk, and they are asked again: ${named.join(', ')}${more}`,
  }
  await store.clearUnfinished(run.manifest.id)
}
