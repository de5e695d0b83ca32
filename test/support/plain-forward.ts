/** The network as plain loops in double precision, without a cache: what faster ways to run it are compared with. */
import type { Architecture, BaseModel } from '../../src/students/lm/types.ts'
import { ropeFactors } from '../../src/students/lm/weights/rope-factors.ts'

type Vector = number[]

/** Logits (V) that follow each of the tokens. */
export async function plainForward(model: BaseModel, tokens: readonly number[]): Promise<Vector[]> {
  const { architecture } = model
  const weights = await readWeights(model)
  const { hiddenSize: D, layers, normEpsilon, tiedEmbeddings } = architecture
  const table = weights('model.embed_tokens.weight')
  let hidden = tokens.map((token) => Array.from(table.subarray(token * D, (token + 1) * D)))
  for (let layer = 0; layer < layers; layer++) {
    const of = (name: string): Float32Array => weights(`model.layers.${layer}.${name}`)
    const normed = hidden.map((x) => norm(x, of('input_layernorm.weight'), normEpsilon))
    const attended = attention(architecture, of, normed)
    const middle = hidden.map((x, t) => plus(x, product(of('self_attn.o_proj.weight'), attended[t])))
    hidden = middle.map((x) => {
      const y = norm(x, of('post_attention_layernorm.weight'), normEpsilon)
      const gate = product(of('mlp.gate_proj.weight'), y)
      const up = product(of('mlp.up_proj.weight'), y)
      const gated = gate.map((value, i) => (value / (1 + Math.exp(-value))) * up[i])
      return plus(x, product(of('mlp.down_proj.weight'), gated))
    })
  }
  const head = tiedEmbeddings ? table : weights('lm_head.weight')
  return hidden.map((x) => product(head, norm(x, weights('model.norm.weight'), normEpsilon)))
}

async function readWeights(model: BaseModel): Promise<(name: string) => Float32Array> {
  const read = new Map<string, Float32Array>()
  for (const name of model.tensorNames) read.set(name, (await model.tensor(name)).data)
  return (name) => read.get(name) as Float32Array
}

/** All heads' outputs, side by side, for each position. */
function attention(
  architecture: Architecture,
  of: (name: string) => Float32Array,
  inputs: readonly Vector[],
): Vector[] {
  const { heads, keyValueHeads, headSize, attentionBias, queryKeyNorm, normEpsilon } = architecture
  const project = (map: 'q' | 'k' | 'v', x: Vector): Vector[] => {
    const y = product(of(`self_attn.${map}_proj.weight`), x)
    const biased = attentionBias ? plus(y, [...of(`self_attn.${map}_proj.bias`)]) : y
    return Array.from({ length: biased.length / headSize }, (_, head) =>
      biased.slice(head * headSize, (head + 1) * headSize),
    )
  }
  const turned = (map: 'q' | 'k'): Vector[][] =>
    inputs.map((x, position) =>
      project(map, x).map((head) => {
        const normed = queryKeyNorm ? norm(head, of(`self_attn.${map}_norm.weight`), normEpsilon) : head
        return turn(architecture, normed, position)
      }),
    )
  const [queries, keys] = [turned('q'), turned('k')]
  const values = inputs.map((x) => project('v', x))
  return queries.map((ofToken, position) =>
    ofToken.flatMap((query, head) => {
      const shared = Math.floor(head / (heads / keyValueHeads))
      const seen = keys.slice(0, position + 1)
      const shares = softmax(seen.map((key) => dot(query, key[shared]) / Math.sqrt(headSize)))
      return query.map((_, i) => shares.reduce((sum, share, t) => sum + share * values[t][shared][i], 0))
    }),
  )
}

/** The rotary embedding, with halves as in Hugging Face's layout. */
function turn({ headSize, ropeTheta, ropeScaling }: Architecture, head: Vector, position: number): Vector {
  const half = headSize / 2
  const factors = ropeScaling === undefined ? null : ropeFactors(ropeScaling, ropeTheta, headSize)
  return head.map((value, i) => {
    const index = i % half
    const angle = (position * ropeTheta ** ((-2 * index) / headSize)) / (factors?.[index] ?? 1)
    const other = i < half ? -head[i + half] : head[i - half]
    return value * Math.cos(angle) + other * Math.sin(angle)
  })
}

function norm(x: Vector, weight: Float32Array, epsilon: number): Vector {
  const scale = 1 / Math.sqrt(dot(x, x) / x.length + epsilon)
  return x.map((value, i) => value * scale * weight[i])
}

/** W x, W (rows, x.length). */
function product(weights: Float32Array, x: Vector): Vector {
  return Array.from({ length: weights.length / x.length }, (_, row) => {
    let sum = 0
    for (let i = 0; i < x.length; i++) sum += weights[row * x.length + i] * x[i]
    return sum
  })
}

function softmax(scores: Vector): Vector {
  const most = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - most))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0)
}

function plus(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i])
}
