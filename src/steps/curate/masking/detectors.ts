/** Finds personal data and secrets of fixed form in text: by their form, and by their check digits where they have some. */
import { isIP } from 'node:net'
import type { MaskKind } from '../../../core/masking.ts'
import { isPhoneNumber, phoneCandidate } from './phone.ts'

/** Where something stands: `start` included, `end` not. */
export interface Span {
  readonly start: number
  readonly end: number
}

type Detector = (text: string) => Iterable<Span>

/** One a kind. What one has found, those after it leave alone: the surer come first. */
export const detectors: Readonly<Record<MaskKind, Detector>> = {
  key: matches(
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}|\b(?:sk|pk|rk)[-_](?:(?:live|test|proj|ant|or|svcacct)[-_])?[A-Za-z0-9_-]{16,}|\b(?:ghp|gho|ghu|ghs|ghr|github_pat|glpat|npm|hf|xox[abprs])[-_][A-Za-z0-9_-]{16,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bAIza[\w-]{35}/gu,
  ),
  // Rare characters that an address may also have, "=" and "/" above all, stand around addresses more often.
  email: matches(
    /(?<![\p{L}\p{N}._%+&~'-])[\p{L}\p{N}_%+&~](?:[\p{L}\p{N}._%+&~'-]{0,62}[\p{L}\p{N}_%+&~-])?@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+\p{L}{2,24}(?![\p{L}\p{N}-])/gu,
  ),
  iban: matches(/(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![\p{L}\p{N}])/gu, longestIban),
  card: matches(/(?<![\p{L}\p{N}.,+-])\d(?:[ -]?\d){12,18}(?![\p{L}\p{N}]|[.,]\d)/gu, wholeIf(isCardNumber)),
  ip: matches(
    /(?<![\p{L}\p{N}.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?<=:)\d{1,3}(?:\.\d{1,3}){3})?)(?![\p{L}\p{N}:]|\.\d)/gu,
    wholeIf(isAddress),
  ),
  phone: matches(phoneCandidate, (found, text, start) =>
    isPhoneNumber(
      found,
      text.slice(Math.max(0, start - 30), start),
      text.slice(start + found.length, start + found.length + 12),
    )
      ? found.length
      : 0,
  ),
}

/** `accept` says how much of what was found counts, in characters; 0 for none. */
function matches(
  pattern: RegExp,
  accept: (found: string, text: string, start: number) => number = (found) => found.length,
): Detector {
  return function* find(text) {
    for (const match of text.matchAll(pattern)) {
      const length = accept(match[0], text, match.index)
      if (length > 0) yield { start: match.index, end: match.index + length }
    }
  }
}

function wholeIf(test: (found: string, text: string, start: number) => boolean) {
  return (found: string, text: string, start: number): number => (test(found, text, start) ? found.length : 0)
}

/** The text after an IBAN may look like more of it: the longest beginning whose check digits fit. */
function longestIban(found: string): number {
  for (let end = found.length; end >= 15; end--) {
    if (found[end - 1] !== ' ' && isIban(found.slice(0, end).replaceAll(' ', ''))) return end
  }
  return 0
}

/** ISO 13616: the country's letters and check digits moved to the end, letters as numbers, the rest by 97 is 1. */
function isIban(iban: string): boolean {
  if (iban.length < 15 || iban.length > 34) return false
  let rest = 0
  for (const character of iban.slice(4) + iban.slice(0, 4)) {
    const value = Number.parseInt(character, 36)
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97
  }
  return rest === 1
}

/** Luhn's check digit, and a first digit that payment cards have. */
function isCardNumber(found: string): boolean {
  const digits = found.replaceAll(/\D/g, '')
  if (!/^[2-6]/.test(digits) || new Set(digits).size < 3) return false
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    const weighted = i % 2 === 0 ? digit : 2 * digit
    sum += weighted > 9 ? weighted - 9 : weighted
  }
  return sum % 10 === 0
}

/** Four small numbers may also be a version: then the word before says so. */
function isAddress(found: string, text: string, start: number): boolean {
  if (isIP(found) === 0) return false
  if (found.includes(':')) return found.replaceAll(/[^0-9a-f]/gi, '').length >= 3
  const before = text.slice(Math.max(0, start - 14), start)
  return !/(?:\bv|version|release|build|firmware|\bsection|§|chapter)[\s:.]*$/i.test(before)
}
