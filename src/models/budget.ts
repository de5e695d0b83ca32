/** The hard cap on money: what a call may cost is set aside before it is sent, and settled with what it did cost. */
import { PotstillError } from '../core/errors.ts'

export interface Budget {
  /** null for no cap. */
  readonly limitUsd: number | null
  /** What was spent so far, before this process too; reservations not included. */
  spentUsd(): number
  /**
   * Sets an estimate aside. Waits while what is under way might still leave room; throws BUDGET_EXCEEDED once
   * it cannot. So the cap is overshot at most by how much the calls under way were underestimated.
   */
  reserve(estimateUsd: number): Promise<Reservation>
}

export interface Reservation {
  /** What it cost in the end; 0 when nothing came of it. Further calls do nothing. */
  settle(actualUsd: number): void
}

/** Budgets are in dollars and sums are rounded: a billionth of a dollar over is not over. */
const tolerance = 1e-9

interface Waiting {
  readonly estimateUsd: number
  readonly resolve: (reservation: Reservation) => void
  readonly reject: (error: PotstillError) => void
}

/** `spentUsd` is what the run has spent before, from the store. One budget is shared by all that a run pays for. */
export function createBudget(limitUsd: number | null, spentUsd: number): Budget {
  const waiting: Waiting[] = []
  let spent = spentUsd
  let reserved = 0
  let underWay = 0

  /** Lets in who came first as long as there is room; turns away who will never fit. */
  function admit(): void {
    while (waiting.length > 0) {
      const { estimateUsd, resolve, reject } = waiting[0]
      const fits = limitUsd === null || spent + reserved + estimateUsd <= limitUsd + tolerance
      if (!fits && underWay > 0) return
      waiting.shift()
      if (fits) resolve(setAside(estimateUsd))
      else reject(exceeded(limitUsd, spent, estimateUsd))
    }
  }

  function setAside(estimateUsd: number): Reservation {
    let open = true
    underWay++
    reserved += estimateUsd
    return {
      settle(actualUsd) {
        if (!open) return
        open = false
        underWay--
        reserved = underWay === 0 ? 0 : reserved - estimateUsd
        spent += actualUsd
        admit()
      },
    }
  }

  return {
    limitUsd,
    spentUsd: () => spent,
    reserve: (estimateUsd) =>
      new Promise((resolve, reject) => {
        waiting.push({ estimateUsd, resolve, reject })
        admit()
      }),
  }
}

function exceeded(limitUsd: number, spentUsd: number, estimateUsd: number): PotstillError {
  const next = estimateUsd > 0 ? `, and the next call may cost $${estimateUsd.toPrecision(2)}` : ''
  return new PotstillError(
    'BUDGET_EXCEEDED',
    `$${spentUsd.toFixed(4)} of budget.usd = ${limitUsd} is spent${next}`,
  )
}
