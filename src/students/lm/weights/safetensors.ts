/** Reads the head of a safetensors file: eight bytes of length, JSON, then the tensors. */
import { messageOf } from '../../../core/errors.ts'
import { isJsonObject } from '../../../core/json.ts'
import type { ByteSource } from './byte-source.ts'
import { invalidFile } from './fault.ts'
import { checkPlaces, valueCount, type StoredTensor } from './stored-tensor.ts'
import { safetensorsTypes } from './stored-types.ts'

/** The reference reader's own limit. */
const largestHeaderBytes = 100_000_000

/** A head entry: a tensor of a type that is read, or only the name of its type. */
export type SafetensorsEntry = StoredTensor | { readonly name: string; readonly unreadType: string }

/** By name. Throws MODEL_FILE_INVALID for lengths, shapes and places that cannot be. */
export async function readSafetensorsHead(
  source: ByteSource,
): Promise<ReadonlyMap<string, SafetensorsEntry>> {
  const { path, size } = source
  const length = Number((await source.read(0, 8, 'the length of the head')).readBigUInt64LE())
  if (length > largestHeaderBytes || length > size - 8) {
    throw invalidFile(path, `is no safetensors file: its head would be ${length} bytes long`)
  }
  const head = parseHead(path, await source.read(8, length, 'the head'))
  const entries = Object.entries(head)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => [name, readEntry(path, name, entry, 8 + length)] as const)
  checkPlaces(
    path,
    size,
    entries.flatMap(([, entry]) => ('type' in entry ? [entry] : [])),
  )
  return new Map(entries)
}

function parseHead(path: string, bytes: Buffer): Readonly<Record<string, unknown>> {
  let head: unknown
  try {
    head = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw invalidFile(path, `is no safetensors file: its head is not JSON (${messageOf(error)})`)
  }
  if (!isJsonObject(head)) throw invalidFile(path, 'is no safetensors file: its head is no object')
  return head
}

function readEntry(path: string, name: string, entry: unknown, dataStart: number): SafetensorsEntry {
  const { dtype, shape, data_offsets: offsets } = isJsonObject(entry) ? entry : {}
  if (typeof dtype !== 'string' || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw invalidFile(path, `is damaged: ${name} has no dtype, shape and data_offsets`)
  }
  const type = safetensorsTypes.get(dtype)
  if (type === undefined) return { name, unreadType: dtype }
  const [begin, end] = offsets
  const byteLength = valueCount(shape) * type.bytes
  if (end - begin !== byteLength) {
    const found = `${end - begin} bytes for ${dtype} of shape [${shape.join(', ')}]`
    throw invalidFile(path, `is damaged: ${name} has ${found}, which takes ${byteLength}`)
  }
  return { name, shape, type, offset: dataStart + begin, byteLength }
}

function isSizes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0)
}
