/** Says in one or two plain sentences, with the figures, why a verdict is what it is. */
import type { Interval, Verdict, VerdictWord } from '../core/measure.ts'

/** An arm beside the one it is compared with; scores 0..1, interval of the difference at `level`. */
export interface Judgement {
  readonly name: string
  readonly score: number
  readonly against: number
  readonly difference: number
  readonly interval: Interval
  readonly level: number
}

export interface Grounds {
  readonly verdict: VerdictWord
  readonly metric: Verdict['metric']
  readonly marginPoints: number
  readonly replaces: string
  readonly rows: number
  readonly minimumRows: number
  readonly student: Judgement
  /** The student with the teacher behind it, where that was looked at, and the share that the student answers. */
  readonly cascade?: Judgement & { readonly coverage: number }
  /** The untuned model that makes a student unnecessary. */
  readonly cheap?: Judgement
  readonly moreRows?: number
}

export function explain(grounds: Grounds): string {
  const margin = `the margin of ${grounds.marginPoints} ${grounds.marginPoints === 1 ? 'point' : 'points'}`
  return sentences[grounds.verdict](grounds, margin)
}

const sentences: Readonly<Record<VerdictWord, (grounds: Grounds, margin: string) => string>> = {
  no_need: (grounds, margin) =>
    `${compared(grounds, grounds.cheap ?? grounds.student)} That is within ${margin}, and the student is not clearly better: an untuned model already does it.`,
  ship: (grounds, margin) => `${compared(grounds, grounds.student)} Even the low end is within ${margin}.`,
  ship_with_fallback: (grounds, margin) =>
    `${compared(grounds, grounds.student)} Alone that is not surely within ${margin}; ${mixed(grounds)}, and that is.`,
  do_not_ship: (grounds, margin) => {
    const nor = grounds.cascade === undefined ? '' : `; ${mixed(grounds)}, and that is not surely within it`
    return `${compared(grounds, grounds.student)} It is surely worse, and what was measured is beyond ${margin}${nor}.`
  },
  not_enough_data: (grounds, margin) =>
    grounds.rows < grounds.minimumRows
      ? `${grounds.rows} evaluation ${grounds.rows === 1 ? 'row is' : 'rows are'} too few to decide anything: it takes at least ${grounds.minimumRows}, and about ${count(grounds.moreRows)} more to settle it.`
      : `${compared(grounds, grounds.student)} That leaves open whether it is within ${margin}; about ${count(grounds.moreRows)} more evaluation rows would settle it.`,
}

/** "On the same 200 rows student scores 91.9 % and teacher 88.7 %: +3.2 points (95 % interval +1.3 to +5.1)." */
function compared(grounds: Grounds, judged: Judgement): string {
  const says = grounds.metric === 'score' ? 'scores' : 'is exactly right on'
  const scores = `${judged.name} ${says} ${percent(judged.score)} and ${grounds.replaces} ${percent(judged.against)}`
  return `On the same ${count(grounds.rows)} rows ${scores}: ${gap(judged)}.`
}

function mixed({ cascade }: Grounds): string {
  if (cascade === undefined) return 'no mixture was measured'
  return `with the teacher answering where the student is unsure (the student keeps ${percent(cascade.coverage)}) it is ${gap(cascade)}`
}

function gap(judged: Judgement): string {
  const [low, high] = judged.interval
  const level = Number((judged.level * 100).toFixed(1))
  return `${signed(judged.difference)} points (${level} % interval ${signed(low)} to ${signed(high)})`
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`
}

/** A difference in points, with its sign and one decimal; no sign where it rounds to nothing. */
function signed(difference: number): string {
  const points = (difference * 100).toFixed(1)
  if (Number(points) === 0) return '0.0'
  return difference > 0 ? `+${points}` : points
}

function count(value: number | undefined): string {
  return (value ?? 0).toLocaleString('en-US')
}
