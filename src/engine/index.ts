/** potstill/engine: graphs of operations, their gradients, sessions on ONNX Runtime, and the optimiser. */
export { createGraph } from './graph.ts'
export type { ElementType, Graph, GroupQueryAttention, Node, TypedArray, Value } from './graph.ts'
export {
  add,
  argMax,
  broadcastTo,
  cast,
  concat,
  dequantise,
  divide,
  equal,
  exp,
  gather,
  groupQueryAttention,
  linear,
  log,
  logSoftmax,
  matmul,
  matmulNBits,
  max,
  mean,
  multiply,
  negate,
  oneHot,
  pad,
  reciprocal,
  reshape,
  rmsNorm,
  rotary,
  scale,
  select,
  sigmoid,
  silu,
  slice,
  softmax,
  sqrt,
  square,
  subtract,
  sum,
  topK,
  transpose,
} from './operations.ts'
export type { AttentionInputs, AttentionOutputs } from './operations.ts'
export { gradients } from './gradients.ts'
export type { OutputGradient } from './gradients.ts'
export { toOnnx } from './lower.ts'
export type { LoweringOptions } from './lower.ts'
export { openSession } from './session.ts'
export type { Session, SessionOptions } from './session.ts'
export { accumulate, clipByGlobalNorm, createAdamW } from './adamw.ts'
export type { AdamW, AdamWOptions, AdamWState } from './adamw.ts'
export { learningRateAt } from './schedule.ts'
export type { Schedule } from './schedule.ts'
export { quantise8 } from './quantise.ts'
export type { QuantisedMatrix } from './quantise.ts'
