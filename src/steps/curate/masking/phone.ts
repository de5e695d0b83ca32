/** Tells telephone numbers from the other numbers of a text: by how they are grouped, and by the words around them. */

/** Digits with what stands between the groups of a telephone number, and an extension. */
export const phoneCandidate =
  /(?<![\p{L}\p{N}_#@/.,:+$€£¥%-])(?:\+ ?|\(\+?(?=\d{1,5}\)))?\d(?:[ \u00A0]?[-.()/\u2010-\u2013]{0,2}[ \u00A0]?\d){5,16}(?: ?(?:x|ext\.?|extension|#) ?\d{1,6})?(?![\p{L}\p{N}_%€£$]|[.,/:-]\d)/giu

const callWords =
  /(?:phone|tel|telephone|call(?: me| us)?|ring|dial|mobile|cell|fax|whatsapp|text me|sms|hotline|reach (?:me|us)|telefon|handy|mobil|anrufen|rufen|rückruf|nummer|appel\w*|téléphone|portable|teléfono|móvil|llam\w*|cellulare|telefono|chiam\w*|bel\w*|telefoon|komórk\w*|dzwoni\w*|ligue|celular|電話|携帯|ring\w*|тел\w*|звони\w*|电话|手机)[^\p{L}\p{N}]*(?:\p{L}+[^\p{L}\p{N}]+){0,2}$/iu
const otherWords =
  /(?:order|ticket|case|invoice|ref(?:erence)?|customer|account|contract|article|item|part|serial|tracking|parcel|isbn|issn|version|build|id|no|nr|number|sku|vat|tax|uid|batch|lot|port|code|pin|zip|policy|envelope|model|room|flight|seat|row|line|page|section|bestellung|auftrag|rechnung|kunden\w*|vertrag|commande|facture|pedido|factura|ordine|fattura|€|\$|£|usd|eur|gbp)[\s.:#№º°-]*$/iu

/** `before` and `after` are some characters around it. */
export function isPhoneNumber(found: string, before: string, after: string): boolean {
  const number = found.replace(/ ?(?:x|ext\.?|extension|#) ?\d{1,6}$/i, '')
  const digits = number.replaceAll(/\D/g, '')
  if (digits.length < 7 || digits.length > 15 || !isBalanced(number)) return false
  if (looksLikeDate(number) || looksLikeAmount(number, after)) return false
  const isCalled = callWords.test(before)
  if (!isCalled && otherWords.test(before)) return false
  if (/^\(?\+/.test(number)) return digits.length >= 8
  if (isCalled) return true
  return isNational(number, digits)
}

function isBalanced(number: string): boolean {
  return (number.match(/\(/g) ?? []).length === (number.match(/\)/g) ?? []).length
}

/** 2026-11-25, 25.11.2026, 11/25/26, and two of them with a dash between. */
function looksLikeDate(number: string): boolean {
  return /^(?:(?:19|20)\d\d([-./ ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])|(?:0?[1-9]|[12]\d|3[01])([-./ ])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)?\d\d|(?:19|20)\d\d ?[-–/] ?(?:19|20)\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))$/.test(
    number,
  )
}

/** 1.234.567 and 1 234 567, and what money or a unit follows. */
function looksLikeAmount(number: string, after: string): boolean {
  // Spain writes 902.219.060 for a telephone; money of that size has other first digits more often than not.
  if (/^[6-9]\d{2}(?:\.\d{3}){2}$/.test(number)) return false
  if (/^\d{1,3}(?:[. \u00A0]\d{3})+$/.test(number) && !number.startsWith('0')) {
    return (
      number.includes('.') ||
      /^\s?(?:€|\$|£|eur|usd|gbp|bytes|kb|mb|gb|rows|units|users|people|files)/i.test(after)
    )
  }
  return /^\s?(?:€|\$|£|%|eur\b|usd\b|gbp\b|bytes|[kmg]b\b|ms\b)/i.test(after)
}

/** Written as telephone numbers are within a country. */
function isNational(number: string, digits: string): boolean {
  const groups = number.match(/\d+/g) ?? []
  // (0351) 123456, (555) 123-4567, (11) 98765-4321
  if (/^\(\d{2,5}\) ?\d/.test(number)) return digits.length >= 8
  // A trunk or international prefix: 0351 123456, 06 12 34 56 78, 00420 703 101 335, 0123456789
  if (number.startsWith('0'))
    return groups.length === 1 ? digits.length >= 9 && digits.length <= 11 : digits.length >= 9
  // 555-123-4567, 555.123.4567, 1-555-123-4567
  if (/^(?:1[-. ])?[2-9]\d{2}[-. ]\d{3}[-. ]\d{4}$/.test(number)) return true
  // 8 (967) 328-49-66
  if (/^\d ?\(\d{3}\)/.test(number)) return digits.length === 11
  // Spain and Portugal without any grouping: 929435326
  if (groups.length === 1) return /^[679]\d{8}$/.test(number)
  // Three groups of three, or pairs at the end: 918 936 880, 46-546-28-06, 736 936 880
  if (/^[1-9]\d{2}([ .-])\d{3}\1\d{3}$/.test(number)) return true
  return /^[1-9]\d{1,3}([ -])\d{2,3}\1\d{2}\1\d{2}$/.test(number)
}
