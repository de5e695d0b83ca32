/** One record of a file before it is a row, and JSON text to a record. */
import { messageOf } from '../core/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts'
import { dataFault, show } from './fault.ts'

export interface RawRecord {
  /** Line on which it begins, from 1. */
  readonly line: number
  readonly value: JsonObject
  /** True for CSV: every value is text and still has to be given its type. */
  readonly untyped: boolean
}

/** Answers nest a few levels; what nests deeper is an attack on whoever walks through it. */
const deepest = 100

/** @throws DATA_INVALID for text that is not one JSON object. */
export function parseRecord(text: string, file: string, line: number): RawRecord {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch (error) {
    throw explain(messageOf(error), text, file, line)
  }
  if (!isJsonObject(value)) {
    const hint =
      'Each row is an object such as {"input": "..."}; a file that is one JSON array is named .json.'
    throw dataFault({ file, line }, `a row must be a JSON object, got ${show(value)}`, hint)
  }
  if (isDeeper(value, deepest)) {
    throw dataFault({ file, line }, `nested deeper than ${deepest} levels`, 'Flatten the row.')
  }
  return { line, value, untyped: false }
}

/** Where the parser gives a position its surroundings are shown; elsewhere its own words show them. */
function explain(message: string, text: string, file: string, line: number): Error {
  const position = /at position (\d+)/u.exec(message)?.[1]
  if (position === undefined) return dataFault({ file, line }, `not JSON: ${oneLine(message)}`, hintFor(text))
  const at = Number(position)
  const start = Math.max(0, at - 40)
  const around = `${start > 0 ? '...' : ''}${text.slice(start, at + 20)}${at + 20 < text.length ? '...' : ''}`
  const place = { file, line: line + text.slice(0, at).split('\n').length - 1 }
  return dataFault(place, `not JSON: ${oneLine(message)}, near ${oneLine(around)}`, hintFor(text))
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').slice(0, 200)
}

function hintFor(text: string): string {
  if (/^\s*\{\s*'/u.test(text)) return 'JSON has double quotes; write it with a JSON writer.'
  if (/\bNaN\b|\bInfinity\b/u.test(text)) return 'JSON has no NaN and no Infinity: write null.'
  return 'Each row is one JSON object on one line, written by a JSON writer.'
}

function isDeeper(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner: Json) => isDeeper(inner, levels - 1))
}
