/** Keeps keys out of everything that is shown or stored. */

/** What keys of the usual shapes look like, also when a provider shows only the ends of one. */
const keyShapes = /\b(?:sk|pk|gsk|xai|nvapi|fw|tgp|org)[-_][A-Za-z0-9*_-]{8,}|\bBearer\s+[^\s"',]{8,}/g

const placeholder = '[key removed]'

/** A function that takes a key, also quoted as JSON or in a URL, out of texts. An empty key is never looked for. */
export function createRedactor(key: string | null): (text: string) => string {
  if (key === null || key === '') return (text) => text
  const forms = [...new Set([key, JSON.stringify(key).slice(1, -1), encodeURIComponent(key)])]
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
