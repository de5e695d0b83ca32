/** Lists as OpenAI's clients page through them: `after`, `limit`, `order` in; `first_id`, `last_id`, `has_more` out. */
import type { Page } from '../core/store.ts'
import { apiError } from './api-error.ts'

export interface ListPage<Item> {
  readonly object: 'list'
  readonly data: readonly Item[]
  readonly first_id: string | null
  readonly last_id: string | null
  readonly has_more: boolean
}

export interface PageDefaults {
  readonly limit: number
  readonly most: number
  readonly order: 'asc' | 'desc'
}

const usual: PageDefaults = { limit: 20, most: 100, order: 'asc' }

/** Reads `after`, `limit` and `order` of a query. @throws a 400 that names the parameter. */
export function readPage(
  query: (name: string) => string | undefined,
  defaults: Partial<PageDefaults> = {},
): Page {
  const { limit: defaultLimit, most, order: defaultOrder } = { ...usual, ...defaults }
  const limit = query('limit') ?? String(defaultLimit)
  if (!/^\d{1,6}$/.test(limit) || Number(limit) < 1 || Number(limit) > most) {
    throw apiError(400, `limit must be a whole number from 1 to ${most}, not ${JSON.stringify(limit)}`, {
      param: 'limit',
    })
  }
  const order = query('order') ?? defaultOrder
  if (order !== 'asc' && order !== 'desc') {
    throw apiError(400, `order must be asc or desc, not ${JSON.stringify(order)}`, { param: 'order' })
  }
  const after = query('after')
  return { limit: Number(limit), order, ...(after === undefined || after === '' ? {} : { after }) }
}

/**
 * One page of a list: `read` is asked for one item more than the page holds, which says whether there are more.
 * Ids are those of the items as they go out.
 */
export async function listPage<Stored, Item extends { readonly id: string }>(
  page: Page,
  read: (page: Page) => Promise<readonly Stored[]>,
  show: (stored: Stored) => Item,
): Promise<ListPage<Item>> {
  const found = await read({ ...page, limit: page.limit + 1 })
  const data = found.slice(0, page.limit).map(show)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: found.length > page.limit,
  }
}
