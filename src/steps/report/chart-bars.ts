/** A share as a bar for a table cell. The figure stands beside it as text, so the bar itself is silent. */
import { html } from './html.ts'
import type { Html } from './html.ts'

/** `share` is 0..1 of the cell's width. */
export function bar(share: number, look: 'plain' | 'removed' = 'plain'): Html {
  const width = Number.isFinite(share) ? Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10 : 0
  return html`<svg class="bar" aria-hidden="true" width="100%" height="12">
    <rect class="track" width="100%" height="12" rx="2" />
    <rect class="${look}" width="${width}%" height="12" rx="2" />
  </svg>`
}
