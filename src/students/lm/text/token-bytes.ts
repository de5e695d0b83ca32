/** The bytes that a token of a byte-level vocabulary stands for. */

/** GPT-2's alphabet: printable characters stand for their own byte, the other bytes for U+0100 and on, in order. */
function byteAlphabet(): ReadonlyMap<string, number> {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  const alphabet = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) {
    alphabet.set(String.fromCharCode(printable(byte) ? byte : next++), byte)
  }
  return alphabet
}

const alphabet = byteAlphabet()

/** Text that is not in the alphabet, as in tokens added later, stands for itself in UTF-8. */
export function bytesOfToken(token: string): Uint8Array {
  const bytes = new Uint8Array(token.length)
  for (let i = 0; i < token.length; i++) {
    const byte = alphabet.get(token[i])
    if (byte === undefined) return new TextEncoder().encode(token)
    bytes[i] = byte
  }
  return bytes
}
