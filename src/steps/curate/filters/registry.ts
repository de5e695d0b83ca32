/** Every filter, in the order in which they are applied; the compiler refuses a reason without one. */
import type { CurationReason } from '../../../core/curation.ts'
import type { Filters } from '../entry.ts'
import { conflict } from './conflict.ts'
import { duplicate } from './duplicate.ts'
import { failed } from './failed.ts'
import { invalid } from './invalid.ts'
import { leakExact, leakNear, leakSubstring } from './leak.ts'
import { nearDuplicate } from './near-duplicate.ts'
import { notQuoted } from './not-quoted.ts'
import { overClassLimit } from './over-class-limit.ts'
import { refused } from './refused.ts'

/** Leaks go before near duplicates, so that a row is not removed for one that then goes itself. */
export const filters: Filters = {
  failed,
  refused,
  invalid,
  not_quoted: notQuoted,
  conflict,
  duplicate,
  leak_exact: leakExact,
  leak_near: leakNear,
  leak_substring: leakSubstring,
  near_duplicate: nearDuplicate,
  over_class_limit: overClassLimit,
}

export const curationReasons = Object.keys(filters) as CurationReason[]
