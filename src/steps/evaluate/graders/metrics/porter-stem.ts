/** Porter's stemmer for English (1980), with the corrections of the Natural Language Toolkit that METEOR rests on. */

/** Words that the rules would treat wrongly, to their stems. */
const irregular: Readonly<Record<string, string>> = {
  sky: 'sky',
  skies: 'sky',
  dying: 'die',
  lying: 'lie',
  tying: 'tie',
  news: 'news',
  innings: 'inning',
  inning: 'inning',
  outings: 'outing',
  outing: 'outing',
  cannings: 'canning',
  canning: 'canning',
  howe: 'howe',
  proceed: 'proceed',
  exceed: 'exceed',
  succeed: 'succeed',
}

/** Of a word in lower case. */
export function porterStem(word: string): string {
  if (Object.hasOwn(irregular, word)) return irregular[word]
  if (word.length <= 2) return word
  return [
    plurals,
    pastAndGerund,
    finalY,
    doubleSuffixes,
    simpleSuffixes,
    longSuffixes,
    finalE,
    finalL,
  ].reduce((stem, step) => step(stem), word)
}

/** Letter by letter; y is one at the start and after a vowel. */
function consonants(word: string): readonly boolean[] {
  const flags: boolean[] = []
  for (const [index, letter] of word.split('').entries()) {
    flags.push(letter === 'y' ? index === 0 || !flags[index - 1] : !'aeiou'.includes(letter))
  }
  return flags
}

/** How often a consonant follows a vowel. */
function measure(stem: string): number {
  const flags = consonants(stem)
  return flags.filter((flag, index) => flag && index > 0 && !flags[index - 1]).length
}

function hasVowel(stem: string): boolean {
  return consonants(stem).includes(false)
}

function endsInConsonant(word: string): boolean {
  return consonants(word).at(-1) === true
}

function endsInDouble(word: string): boolean {
  return word.length > 1 && word.at(-1) === word.at(-2) && endsInConsonant(word)
}

/** Consonant, vowel, consonant other than w, x, y; or just the two letters vowel, consonant. */
function endsShort(word: string): boolean {
  const [third, second, last] = [undefined, undefined, undefined, ...consonants(word)].slice(-3)
  if (second !== false || last !== true) return false
  return word.length === 2 || (third === true && !'wxy'.includes(word.slice(-1)))
}

type Rule = readonly [suffix: string, replacement: string, holds: (stem: string) => boolean]

const always = (): boolean => true
const measured = (stem: string): boolean => measure(stem) > 0

/** The first rule whose suffix fits decides, whether or not it changes anything. */
function applyRules(word: string, rules: readonly Rule[]): string {
  for (const [suffix, replacement, holds] of rules) {
    if (suffix === '*double' ? !endsInDouble(word) : !word.endsWith(suffix)) continue
    const stem = suffix === '*double' ? word.slice(0, -2) : word.slice(0, word.length - suffix.length)
    return holds(stem) ? stem + replacement : word
  }
  return word
}

function plurals(word: string): string {
  if (word.endsWith('ies') && word.length === 4) return word.slice(0, -1)
  return applyRules(word, [
    ['sses', 'ss', always],
    ['ies', 'i', always],
    ['ss', 'ss', always],
    ['s', '', always],
  ])
}

function pastAndGerund(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, word.length === 4 ? -1 : -2)
  if (word.endsWith('eed')) return measured(word.slice(0, -3)) ? word.slice(0, -1) : word
  const suffix = ['ed', 'ing'].find((end) => word.endsWith(end) && hasVowel(word.slice(0, -end.length)))
  if (suffix === undefined) return word
  const stem = word.slice(0, -suffix.length)
  const last = stem.at(-1) ?? ''
  if (['at', 'bl', 'iz'].some((end) => stem.endsWith(end))) return `${stem}e`
  if (endsInDouble(stem)) return 'lsz'.includes(last) ? stem : stem.slice(0, -1)
  return measure(stem) === 1 && endsShort(stem) ? `${stem}e` : stem
}

function finalY(word: string): string {
  const stem = word.slice(0, -1)
  return word.endsWith('y') && stem.length > 1 && endsInConsonant(stem) ? `${stem}i` : word
}

const doubleSuffixRules: readonly Rule[] = [
  ['ational', 'ate', measured],
  ['tional', 'tion', measured],
  ['enci', 'ence', measured],
  ['anci', 'ance', measured],
  ['izer', 'ize', measured],
  ['bli', 'ble', measured],
  ['alli', 'al', measured],
  ['entli', 'ent', measured],
  ['eli', 'e', measured],
  ['ousli', 'ous', measured],
  ['ization', 'ize', measured],
  ['ation', 'ate', measured],
  ['ator', 'ate', measured],
  ['alism', 'al', measured],
  ['iveness', 'ive', measured],
  ['fulness', 'ful', measured],
  ['ousness', 'ous', measured],
  ['aliti', 'al', measured],
  ['iviti', 'ive', measured],
  ['biliti', 'ble', measured],
  ['fulli', 'ful', measured],
  ['logi', 'log', (stem) => measured(`${stem}l`)],
]

function doubleSuffixes(word: string): string {
  if (word.endsWith('alli') && measured(word.slice(0, -4))) return doubleSuffixes(word.slice(0, -2))
  return applyRules(word, doubleSuffixRules)
}

function simpleSuffixes(word: string): string {
  return applyRules(word, [
    ['icate', 'ic', measured],
    ['ative', '', measured],
    ['alize', 'al', measured],
    ['iciti', 'ic', measured],
    ['ical', 'ic', measured],
    ['ful', '', measured],
    ['ness', '', measured],
  ])
}

const long = (stem: string): boolean => measure(stem) > 1

const longSuffixRules: readonly Rule[] = [
  ...['al', 'ance', 'ence', 'er', 'ic', 'able', 'ible', 'ant', 'ement', 'ment', 'ent'].map((suffix): Rule => [
    suffix,
    '',
    long,
  ]),
  ['ion', '', (stem) => long(stem) && 'st'.includes(stem.at(-1) ?? '-')],
  ...['ou', 'ism', 'ate', 'iti', 'ous', 'ive', 'ize'].map((suffix): Rule => [suffix, '', long]),
]

function longSuffixes(word: string): string {
  return applyRules(word, longSuffixRules)
}

function finalE(word: string): string {
  if (!word.endsWith('e')) return word
  const stem = word.slice(0, -1)
  return measure(stem) > 1 || (measure(stem) === 1 && !endsShort(stem)) ? stem : word
}

function finalL(word: string): string {
  return word.endsWith('ll') && measure(word.slice(0, -1)) > 1 ? word.slice(0, -1) : word
}
