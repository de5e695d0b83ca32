/** Rows without a reply. */
import { eachRow } from '../entry.ts'

export const failed = eachRow('the call failed: there is no answer', ({ candidate }) =>
  'fault' in candidate ? candidate.fault : null,
)
