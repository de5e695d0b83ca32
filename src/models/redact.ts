/** Keeps keys out of everything that is shown or stored. */

/** What keys of the usual shapes look like, also when a provider shows only the ends of one. */
const keyShapes = /\b(?:sk|pk|gsk|xai|nvapi|fw|tgp|org)[-_][A-Za-z0-9*_-]{8,}|\bBearer\s+[^\s"',]{8,}/g

const placeholder = '[key removed]'

/**
 * A function that takes a key out of texts, also where it is quoted as JSON, as JSON within JSON, or in a URL.
 * An empty key is never looked for.
 */
export function createRedactor(key: string | null): (text: string) => string {
  if (key === null || key === '') return (text) => text
  const quote = (text: string): string => JSON.stringify(text).slice(1, -1)
  const forms = [...new Set([quote(quote(key)), quote(key), key, encodeURIComponent(key)])]
  return (text) => {
    let clean = text
    for (const form of forms) if (clean.includes(form)) clean = clean.replaceAll(form, placeholder)
    return clean
  }
}

/** For messages that quote a provider: also takes out what merely looks like a key. */
export function redactKeyShapes(text: string): string {
  return text.replaceAll(keyShapes, placeholder)
}
