/** Reads the head of a GGUF file: metadata and where the tensors lie. Knows nothing of any architecture. */
import type { ByteSource } from './byte-source.ts'
import { invalidFile, unsupported } from './fault.ts'
import { checkPlaces, valueCount, type StoredTensor } from './stored-tensor.ts'
import { ggufTypeName, ggufTypes } from './stored-types.ts'

export type GgufValue = string | number | boolean | readonly GgufValue[]
export type GgufMetadata = ReadonlyMap<string, GgufValue>

export interface GgufHead {
  readonly metadata: GgufMetadata
  readonly tensors: ReadonlyMap<string, StoredTensor>
}

/** A vocabulary of a quarter of a million tokens with its merges takes some 12 MB. */
const firstHeadBytes = 16 * 1024 * 1024
const largestHeadBytes = 256 * 1024 * 1024
const mostEntries = 100_000
const mostElements = 4_000_000
const mostDimensions = 4

/** Throws MODEL_FILE_INVALID for a broken head, MODEL_UNSUPPORTED for a version or type that is not read. */
export async function readGgufHead(source: ByteSource): Promise<GgufHead> {
  const { path, size } = source
  for (let length = firstHeadBytes; ; length *= 4) {
    const bytes = await source.read(0, Math.min(length, size, largestHeadBytes), 'the head')
    try {
      return parseGgufHead(path, bytes, size)
    } catch (error) {
      if (!(error instanceof HeadEnds)) throw error
      if (bytes.length === size) throw invalidFile(path, `ends too early: its head is cut at byte ${size}`)
      if (bytes.length === largestHeadBytes) {
        throw invalidFile(path, `is damaged: its head is longer than ${largestHeadBytes} bytes`)
      }
    }
  }
}

/** Thrown when the bytes at hand end before the head does. */
class HeadEnds extends Error {}

/** Reads numbers and texts one after another; counts are checked against the file before anything is allocated. */
interface Cursor {
  readonly path: string
  readonly size: number
  readonly bytes: Buffer
  at: number
}

function parseGgufHead(path: string, bytes: Buffer, size: number): GgufHead {
  const cursor: Cursor = { path, size, bytes, at: 0 }
  if (take(cursor, 4).toString('latin1') !== 'GGUF') {
    throw invalidFile(path, 'is no GGUF file: it does not begin with "GGUF"')
  }
  const version = takeU32(cursor)
  if (version !== 2 && version !== 3) {
    throw unsupported(path, `is GGUF version ${version}; versions 2 and 3 are read`)
  }
  const tensorCount = takeCount(cursor, 'tensors', mostEntries, 24)
  const pairCount = takeCount(cursor, 'metadata entries', mostEntries, 13)
  const metadata = new Map<string, GgufValue>()
  for (let i = 0; i < pairCount; i++) {
    const key = takeText(cursor)
    metadata.set(key, takeValue(cursor, takeU32(cursor), key, 0))
  }
  return { metadata, tensors: takeTensors(cursor, tensorCount, metadata) }
}

function takeTensors(cursor: Cursor, count: number, metadata: GgufMetadata): Map<string, StoredTensor> {
  const { path, size } = cursor
  const entries = Array.from({ length: count }, () => takeTensor(cursor))
  const alignment = metadata.get('general.alignment') ?? 32
  if (typeof alignment !== 'number' || alignment < 8 || alignment > 65_536 || alignment % 8 !== 0) {
    throw invalidFile(path, `is damaged: its alignment is ${JSON.stringify(alignment)}`)
  }
  const dataStart = Math.ceil(cursor.at / alignment) * alignment
  const tensors = new Map<string, StoredTensor>()
  for (const entry of entries) {
    if (tensors.has(entry.name)) throw invalidFile(path, `is damaged: it has ${entry.name} twice`)
    if (entry.offset % alignment !== 0) throw invalidFile(path, `is damaged: ${entry.name} is not aligned`)
    tensors.set(entry.name, { ...entry, offset: dataStart + entry.offset })
  }
  checkPlaces(path, size, tensors.values())
  return tensors
}

/** Its offset is still counted from where the tensors begin. */
function takeTensor(cursor: Cursor): StoredTensor {
  const { path } = cursor
  const name = takeText(cursor)
  const dimensions = takeU32(cursor)
  if (dimensions > mostDimensions) {
    throw invalidFile(path, `is damaged: ${name} has ${dimensions} dimensions`)
  }
  const shape = Array.from({ length: dimensions }, () => takeU64(cursor)).reverse()
  const typeId = takeU32(cursor)
  const offset = takeU64(cursor)
  const type = ggufTypes.get(typeId)
  if (type === undefined) {
    const read = [...ggufTypes.values()].map((known) => known.name).join(', ')
    throw unsupported(path, `stores ${name} as ${ggufTypeName(typeId)}; ${read} are read`)
  }
  const count = valueCount(shape)
  const lowest = shape.at(-1) ?? 1
  if (!Number.isSafeInteger(count) || lowest % type.values !== 0) {
    throw invalidFile(path, `is damaged: ${name} has the shape [${shape.join(', ')}] as ${type.name}`)
  }
  return { name, shape, type, offset, byteLength: (count / type.values) * type.bytes }
}

function take(cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length
  if (end > cursor.bytes.length) throw new HeadEnds()
  const taken = cursor.bytes.subarray(cursor.at, end)
  cursor.at = end
  return taken
}

const takeU32 = (cursor: Cursor): number => take(cursor, 4).readUInt32LE()

function takeU64(cursor: Cursor): number {
  const value = Number(take(cursor, 8).readBigUInt64LE())
  if (value > Number.MAX_SAFE_INTEGER)
    throw invalidFile(cursor.path, `is damaged: it holds the size ${value}`)
  return value
}

/** A number of things each of which takes at least `leastBytes`. */
function takeCount(cursor: Cursor, what: string, most: number, leastBytes: number): number {
  const count = takeU64(cursor)
  if (count > most || count * leastBytes > cursor.size - cursor.at) {
    throw invalidFile(cursor.path, `is damaged: it claims to have ${count} ${what}`)
  }
  return count
}

function takeText(cursor: Cursor): string {
  return take(cursor, takeCount(cursor, 'bytes of text', largestHeadBytes, 1)).toString('utf8')
}

/** By GGUF's number of the type. 64-bit numbers lose what a double cannot hold: none of them is used as an exact id. */
const scalars: Readonly<Record<number, readonly [bytes: number, read: (bytes: Buffer) => GgufValue]>> = {
  0: [1, (bytes) => bytes.readUInt8()],
  1: [1, (bytes) => bytes.readInt8()],
  2: [2, (bytes) => bytes.readUInt16LE()],
  3: [2, (bytes) => bytes.readInt16LE()],
  4: [4, (bytes) => bytes.readUInt32LE()],
  5: [4, (bytes) => bytes.readInt32LE()],
  6: [4, (bytes) => bytes.readFloatLE()],
  7: [1, (bytes) => bytes.readUInt8() !== 0],
  10: [8, (bytes) => Number(bytes.readBigUInt64LE())],
  11: [8, (bytes) => Number(bytes.readBigInt64LE())],
  12: [8, (bytes) => bytes.readDoubleLE()],
}
const textType = 8
const arrayType = 9

function takeValue(cursor: Cursor, type: number, key: string, depth: number): GgufValue {
  if (type === textType) return takeText(cursor)
  if (type === arrayType && depth < 2) {
    const elementType = takeU32(cursor)
    const leastBytes = scalars[elementType]?.[0] ?? 8
    const count = takeCount(cursor, `elements of ${key}`, mostElements, leastBytes)
    return Array.from({ length: count }, () => takeValue(cursor, elementType, key, depth + 1))
  }
  const scalar = scalars[type]
  if (scalar === undefined) throw invalidFile(cursor.path, `is damaged: ${key} has the type ${type}`)
  return scalar[1](take(cursor, scalar[0]))
}
