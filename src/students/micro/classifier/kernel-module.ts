/**
 * The WebAssembly module of the training's inner loops (kernels.ts says what each does), assembled here from the
 * instructions of the core specification, release 2 (numeric, memory and 128-bit vector instructions), so that there
 * is no binary to trust.
 */

/** Instructions in order; nesting is for reading only. */
type Code = number | readonly Code[]

const localGet = (index: number): Code => [0x20, index]
const localSet = (index: number): Code => [0x21, index]
const localTee = (index: number): Code => [0x22, index]
const constant = (value: number): Code => [0x41, value]
const add = 0x6a
const subtract = 0x6b
const multiply = 0x6c
const shiftLeft = 0x74
const isZero = 0x45
const lessThan = 0x49
const loadInteger: Code = [0x28, 2, 0]
const loadFloat: Code = [0x2a, 2, 0]
const storeFloat: Code = [0x38, 2, 0]
const addFloats = 0x92
const vectorLoad: Code = [0xfd, 0x00, 2, 0]
const vectorStore: Code = [0xfd, 0x0b, 2, 0]
const splat: Code = [0xfd, 0x13]
const lane = (index: number): Code => [0xfd, 0x1f, index]
const vectorAdd: Code = [0xfd, 0xe4, 0x01]
const vectorMultiply: Code = [0xfd, 0xe6, 0x01]
const zeroVector: Code = [0xfd, 0x0c, Array<number>(16).fill(0)]
const block = (body: Code): Code => [0x02, 0x40, body, 0x0b]
const loop = (body: Code): Code => [0x03, 0x40, body, 0x0b]
const branchIf = [0x0d, 0]

const increase = (index: number, by: number): Code => [localGet(index), constant(by), add, localSet(index)]

// Parameters, all i32, in the order in which the kernels take them; then locals, of which `sum` is a vector.
const [vector, weights, indices, values, count, width, row, at, end, sum] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const locals: Code = [2, [3, 0x7f], [1, 0x7b]]

/** Runs `body` for each 16 bytes: `row` goes through a row of the weights as `at` goes through the vector. */
function overRow(body: Code): Code {
  return [
    [localGet(vector), localTee(at), localGet(width), add, localSet(end)],
    loop([body, increase(row, 16), increase(at, 16), localGet(at), localGet(end), lessThan, branchIf]),
  ]
}

/** Runs `body` for each index, with `row` at the beginning of its row and `values` at its value. */
function overIndices(body: Code): Code {
  return [
    [localGet(width), constant(2), shiftLeft, localSet(width)],
    block([
      [localGet(count), isZero, branchIf],
      loop([
        [localGet(weights), localGet(indices), loadInteger, localGet(width), multiply, add, localSet(row)],
        body,
        [increase(indices, 4), increase(values, 4)],
        [localGet(count), constant(1), subtract, localTee(count), branchIf],
      ]),
    ]),
  ]
}

/** For each index: what `target` points to += its value x what `source` points to. */
function addScaled(target: number, source: number): Code {
  const scaled = [localGet(sum), localGet(source), vectorLoad, vectorMultiply]
  return overIndices([
    [localGet(values), loadFloat, splat, localSet(sum)],
    overRow([localGet(target), localGet(target), vectorLoad, scaled, vectorAdd, vectorStore]),
  ])
}

/** For each index: its value = its row . vector */
const dotProducts = overIndices([
  [zeroVector, localSet(sum)],
  overRow([
    [localGet(sum), localGet(row), vectorLoad, localGet(at), vectorLoad, vectorMultiply, vectorAdd],
    localSet(sum),
  ]),
  localGet(values),
  [localGet(sum), lane(0), localGet(sum), lane(1), addFloats],
  [localGet(sum), lane(2), addFloats, localGet(sum), lane(3), addFloats],
  storeFloat,
])

const bodies = { addRows: addScaled(at, row), addToRows: addScaled(row, at), dotRows: dotProducts }

/** The module's bytes: it imports its memory as `m.m` and exports one function a kernel. */
export function kernelModule(): Uint8Array<ArrayBuffer> {
  const names = Object.keys(bodies)
  const signature = [0x60, sized(Array<number>(6).fill(0x7f)), 0]
  const functions = Object.values(bodies).map((body) => sized([locals, body, 0x0b]))
  return Uint8Array.from(
    flatten([
      [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, [signature]),
      section(2, [[name('m'), name('m'), 2, 1, 1, wholeNumber(65536)]]),
      section(
        3,
        names.map(() => 0),
      ),
      section(
        7,
        names.map((exported, index) => [name(exported), 0, index]),
      ),
      section(10, functions),
    ]),
  )
}

function section(id: number, items: readonly Code[]): Code {
  return [id, sized([wholeNumber(items.length), items])]
}

function sized(code: Code): Code {
  const bytes = flatten(code)
  return [wholeNumber(bytes.length), bytes]
}

function name(text: string): Code {
  return sized(Array.from(text, (character) => character.charCodeAt(0)))
}

/** Unsigned LEB128. */
function wholeNumber(value: number): Code {
  return value < 128 ? value : [(value & 127) | 128, wholeNumber(value >>> 7)]
}

function flatten(code: Code): number[] {
  return typeof code === 'number' ? [code] : code.flatMap(flatten)
}
