/** Weights as 8-bit numbers in blocks along the rows, as ONNX Runtime's MatMulNBits takes them. */

export const blockSize = 32

export interface QuantisedMatrix {
  readonly rows: number
  readonly columns: number
  /** (rows, blocks, 32), each number plus 128; the last block of a row is filled up with zeros. */
  readonly values: Uint8Array
  /** (rows, blocks): the largest magnitude of a block / 127. */
  readonly scales: Float32Array
}

/** `weights` is (rows, columns), row-major. Each number is off by at most half its block's scale. */
export function quantise(weights: Float32Array, rows: number, columns: number): QuantisedMatrix {
  const blocks = Math.ceil(columns / blockSize)
  const values = new Uint8Array(rows * blocks * blockSize).fill(128)
  const scales = new Float32Array(rows * blocks)
  for (let row = 0; row < rows; row++) {
    for (let block = 0; block < blocks; block++) {
      const start = row * columns + block * blockSize
      const end = Math.min(start + blockSize, (row + 1) * columns)
      let largest = 0
      for (let i = start; i < end; i++) largest = Math.max(largest, Math.abs(weights[i]))
      const index = row * blocks + block
      scales[index] = largest / 127
      if (scales[index] === 0) continue
      const inverse = 1 / scales[index]
      const target = index * blockSize - start
      for (let i = start; i < end; i++) values[target + i] = Math.round(weights[i] * inverse) + 128
    }
  }
  return { rows, columns, values, scales }
}

/** Writes one row, dequantised, to `target` at `offset`. */
export function dequantiseRow(
  matrix: QuantisedMatrix,
  row: number,
  target: Float32Array,
  offset: number,
): void {
  const blocks = Math.ceil(matrix.columns / blockSize)
  const start = row * blocks * blockSize
  for (let i = 0; i < matrix.columns; i++) {
    const scale = matrix.scales[row * blocks + (i >> 5)]
    target[offset + i] = (matrix.values[start + i] - 128) * scale
  }
}
