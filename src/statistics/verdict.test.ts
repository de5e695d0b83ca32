import { describe, expect, it } from 'vitest'
import { decideVerdict } from './verdict.ts'
import type { VerdictArm, VerdictInput } from './verdict.ts'

/** Rows right from the first on, the rest wrong, except those listed, which are the other way round. */
function arm(name: string, rows: number, right: number, flipped: readonly number[] = []): VerdictArm {
  const exact = Array.from({ length: rows }, (_, row) => row < right !== flipped.includes(row))
  return { name, exact, scores: exact.map(Number) }
}

const decide = (input: Partial<VerdictInput> & Pick<VerdictInput, 'student'>) =>
  decideVerdict({ metric: 'score', marginPoints: 2, replaces: arm('teacher', 200, 180), ...input })

const cascadeOf = (scores: VerdictArm, coverage: number) => ({ ...scores, threshold: 0.83, coverage })

describe('decideVerdict', () => {
  it('ships a student whose low end is within the margin, and says the figures', () => {
    const verdict = decide({ student: arm('student', 200, 190) })
    expect(verdict).toMatchObject({
      verdict: 'ship',
      replaces: 'teacher',
      metric: 'score',
      marginPoints: 2,
      worseFields: [],
    })
    expect(verdict.reason).toBe(
      'On the same 200 rows student scores 95.0 % and teacher 90.0 %: +5.0 points (95 % interval +2.0 to +8.6). Even the low end is within the margin of 2 points.',
    )
  })

  it('does not ship a student that is surely worse and beyond the margin', () => {
    const verdict = decide({ student: arm('student', 200, 160) })
    expect(verdict.verdict).toBe('do_not_ship')
    expect(verdict.reason).toContain('-10.0 points')
    expect(verdict.moreRows).toBeUndefined()
  })

  it('does not call a student bad that is worse within the margin', () => {
    const replaces = arm('teacher', 5000, 4900)
    expect(decide({ replaces, student: arm('student', 5000, 4870) }).verdict).toBe('ship')
  })

  it('asks for more rows where the interval straddles the margin', () => {
    const verdict = decide({ student: arm('student', 200, 180, [1, 2, 3, 4, 5, 190, 191, 192]) })
    expect(verdict.verdict).toBe('not_enough_data')
    expect(verdict.moreRows).toBeGreaterThan(200)
    expect(verdict.reason).toContain('-1.0 points')
    expect(verdict.reason).toContain(
      `about ${verdict.moreRows?.toLocaleString('en-US')} more evaluation rows`,
    )
  })

  it('decides nothing on 19 rows, however clear they seem', () => {
    const verdict = decide({ replaces: arm('teacher', 19, 19), student: arm('student', 19, 0) })
    expect(verdict.verdict).toBe('not_enough_data')
    expect(verdict.reason).toContain(
      '19 evaluation rows are too few to decide anything: it takes at least 20',
    )
    expect(decide({ replaces: arm('teacher', 20, 20), student: arm('student', 20, 0) }).verdict).toBe(
      'do_not_ship',
    )
  })

  it('stays readable without any rows', () => {
    const verdict = decide({ replaces: arm('teacher', 0, 0), student: arm('student', 0, 0) })
    expect(verdict.verdict).toBe('not_enough_data')
    expect(verdict.moreRows).toBeGreaterThan(19)
    expect(verdict.reason).not.toContain('NaN')
  })

  it('does not ship on perfect agreement over too few rows for the margin', () => {
    const replaces = arm('teacher', 100, 100)
    expect(decide({ replaces, student: arm('student', 100, 100) }).verdict).toBe('not_enough_data')
    expect(decide({ student: arm('student', 200, 180) }).verdict).toBe('ship')
  })

  it('ships behind the teacher what it would not ship alone', () => {
    const student = arm('student', 200, 160)
    const verdict = decide({ student, cascade: cascadeOf(arm('cascade', 200, 181), 0.6) })
    expect(verdict).toMatchObject({ verdict: 'ship_with_fallback', threshold: 0.83, coverage: 0.6 })
    expect(verdict.reason).toContain('the student keeps 60.0 %')
    expect(verdict.reason).toContain('+0.5 points')
  })

  it('does not offer a fallback that leaves the student less than a fifth of the answers', () => {
    const student = arm('student', 200, 160)
    const cascade = cascadeOf(arm('cascade', 200, 181), 0.19)
    expect(decide({ student, cascade }).verdict).toBe('do_not_ship')
  })

  it('says so where the mixture with the teacher is not within the margin either', () => {
    const verdict = decide({
      student: arm('student', 200, 150),
      cascade: cascadeOf(arm('cascade', 200, 172), 0.5),
    })
    expect(verdict.verdict).toBe('do_not_ship')
    expect(verdict.threshold).toBeUndefined()
    expect(verdict.reason).toContain('-4.0 points')
  })

  it('needs no student where an untuned cheap model does it', () => {
    const verdict = decide({
      student: arm('student', 200, 185),
      cheap: [arm('luna', 200, 183), arm('bad', 200, 20)],
    })
    expect(verdict.verdict).toBe('no_need')
    expect(verdict.reason).toContain('luna scores 91.5 % and teacher 90.0 %')
  })

  it('prefers a student that is clearly better than the cheap model', () => {
    const verdict = decide({ student: arm('student', 200, 198), cheap: [arm('luna', 200, 181)] })
    expect(verdict.verdict).toBe('ship')
  })

  it('ignores a cheap model that is not within the margin', () => {
    expect(decide({ student: arm('student', 200, 190), cheap: [arm('luna', 200, 170)] }).verdict).toBe('ship')
  })

  it('goes by exact match where that is the metric', () => {
    const replaces = arm('teacher', 200, 180)
    const student = { ...arm('student', 200, 150), scores: replaces.scores }
    expect(decide({ replaces, student }).verdict).toBe('ship')
    const verdict = decide({ replaces, student, metric: 'exactMatch' })
    expect(verdict.verdict).toBe('do_not_ship')
    expect(verdict.reason).toContain('student is exactly right on 75.0 %')
  })

  it('names the fields that are surely worse and beyond the margin, worst first', () => {
    const field = (right: number): boolean[] => Array.from({ length: 200 }, (_, row) => row < right)
    const replaces = {
      ...arm('teacher', 200, 180),
      fields: { a: field(190), b: field(190), c: field(190), d: field(190) },
    }
    const student = {
      ...arm('student', 200, 190),
      fields: { a: field(170), b: field(188), c: field(150), d: field(200) },
    }
    const { verdict, worseFields } = decide({ replaces, student })
    expect(verdict).toBe('ship')
    expect(worseFields.map(({ path, difference }) => [path, Number(difference.toFixed(3))])).toEqual([
      ['c', -0.2],
      ['a', -0.1],
    ])
    expect(worseFields[1].interval[1]).toBeLessThan(0)
  })

  it('takes always-valid intervals where evaluation may have stopped after any row', () => {
    const input = { student: arm('student', 200, 184), replaces: arm('teacher', 200, 182), marginPoints: 2.5 }
    expect(decide(input).verdict).toBe('ship')
    const any = decide({ ...input, looks: 'any' })
    expect(any.verdict).toBe('not_enough_data')
    expect(any.moreRows).toBeGreaterThan(0)
    expect(decide({ student: arm('student', 200, 120), looks: 'any' }).verdict).toBe('do_not_ship')
  })
})
