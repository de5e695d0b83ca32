import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBudget, type Reservation } from './budget.ts'

describe('createBudget', () => {
  it('counts what was spent before', async () => {
    const budget = createBudget(1, 0.95)
    await expect(budget.reserve(0.1)).rejects.toMatchObject({
      code: 'BUDGET_EXCEEDED',
      message: '$0.9500 of budget.usd = 1 is spent, and the next call may cost $0.10',
    })
  })

  it('spends to the last cent, in spite of rounding', async () => {
    const budget = createBudget(1, 0)
    for (let i = 0; i < 10; i++) (await budget.reserve(0.1)).settle(0.1)
    expect(budget.spentUsd()).toBeCloseTo(1, 12)
    await expect(budget.reserve(0.1)).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
  })

  it('waits for calls under way that may leave room, first come first served', async () => {
    const budget = createBudget(1, 0)
    const first = await budget.reserve(0.9)
    const order: string[] = []
    const second = budget.reserve(0.5).then((reservation) => (order.push('second'), reservation))
    const third = budget.reserve(0.1).then((reservation) => (order.push('third'), reservation))
    await Promise.resolve()
    expect(order).toEqual([])
    first.settle(0.2)
    await Promise.all([second, third])
    expect(order).toEqual(['second', 'third'])
  })

  it('turns away who still does not fit once nothing is under way', async () => {
    const budget = createBudget(1, 0)
    const first = await budget.reserve(0.9)
    const second = budget.reserve(0.5)
    first.settle(0.9)
    await expect(second).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
  })

  it('settles once, and gives back what came to nothing', async () => {
    const budget = createBudget(1, 0)
    const reservation = await budget.reserve(0.6)
    reservation.settle(0)
    reservation.settle(5)
    expect(budget.spentUsd()).toBe(0)
    await budget.reserve(1)
  })

  it('holds nothing back without a cap, and still counts', async () => {
    const budget = createBudget(null, 0)
    const reservations = await Promise.all([budget.reserve(1e6), budget.reserve(1e6)])
    reservations.forEach((reservation) => reservation.settle(3))
    expect(budget.spentUsd()).toBe(6)
  })

  it('never goes over the cap when estimates are high enough, however calls interleave', async () => {
    const cost = fc.record({
      estimate: fc.double({ min: 0.01, max: 1, noNaN: true }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(cost, { maxLength: 40 }),
        fc.infiniteStream(fc.nat(39)),
        async (costs, picks) => {
          const budget = createBudget(3, 0)
          const open: { reservation: Reservation; usd: number }[] = []
          const all = costs.map(({ estimate, share }) =>
            budget.reserve(estimate).then(
              (reservation) => open.push({ reservation, usd: estimate * share }),
              () => 0,
            ),
          )
          await Promise.resolve()
          for (let rounds = 0; rounds < 200; rounds++) {
            await new Promise((resolve) => setImmediate(resolve))
            if (open.length === 0) break
            const [{ reservation, usd }] = open.splice(picks.next().value % open.length, 1)
            reservation.settle(usd)
            expect(budget.spentUsd()).toBeLessThanOrEqual(3 + 1e-9)
          }
          await Promise.all(all)
        },
      ),
      { numRuns: 30 },
    )
  })
})
