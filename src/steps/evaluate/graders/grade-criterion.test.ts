import { describe, expect, it } from 'vitest'
import type { ChatModel, ChatRequest, Reply } from '../../../core/chat-model.ts'
import { PotstillError } from '../../../core/errors.ts'
import type { Json } from '../../../core/json.ts'
import { criterionSchema } from './criterion.ts'
import { gradeCriterion, type CriterionGrade, type GraderTools } from './grade-criterion.ts'

interface Judge extends GraderTools {
  readonly asked: ChatRequest[]
}

/** A judge that always replies the same, or throws. */
function judgeThat(content: string | Error, extra: Partial<Reply> = {}): Judge {
  const asked: ChatRequest[] = []
  const model: ChatModel = {
    id: 'test/judge',
    source: 'provider',
    async complete(request) {
      asked.push(request)
      if (content instanceof Error) throw content
      return {
        content,
        finishReason: 'stop',
        usage: { promptTokens: 7, cachedPromptTokens: 0, completionTokens: 3 },
        latencyMs: 1,
        priceUsd: null,
        raw: null,
        ...extra,
      }
    },
  }
  return { asked, openModel: async () => model, embed: async () => [], python: null }
}

const nobody = judgeThat(new Error('nobody should be asked'))

async function grade(
  criterion: unknown,
  sample: { readonly [key: string]: Json },
  tools: GraderTools = nobody,
  item: Json = { wanted: 'yes' },
): Promise<CriterionGrade> {
  return gradeCriterion(criterionSchema.parse(criterion), { item, sample }, tools)
}

const check = {
  type: 'string_check',
  name: 'check',
  input: '{{sample.output_text}}',
  reference: '{{item.wanted}}',
}

describe('string_check', () => {
  it('compares texts as they are, white space and all', async () => {
    const passed = async (operation: string, text: string): Promise<unknown> => {
      const outcome = await grade({ ...check, operation }, { output_text: text })
      return 'passed' in outcome ? outcome.passed : outcome
    }
    expect(await passed('eq', 'yes')).toBe(true)
    expect(await passed('eq', 'yes ')).toBe(false)
    expect(await passed('ne', 'Yes')).toBe(true)
    expect(await passed('like', 'oh yes!')).toBe(true)
    expect(await passed('like', 'oh YES!')).toBe(false)
    expect(await passed('ilike', 'oh YES!')).toBe(true)
  })

  it('is an error with the name of the field that is missing', async () => {
    expect(await grade({ ...check, operation: 'eq' }, { output_text: 'yes' }, nobody, {})).toEqual({
      error: 'there is no item.wanted',
      fault: 'invalid_variable',
    })
  })
})

describe('text_similarity', () => {
  const similar = { ...check, type: 'text_similarity', evaluation_metric: 'rouge_1', pass_threshold: 0.6 }

  it('passes from its threshold on', async () => {
    const item = { wanted: 'the cat sat' }
    expect(await grade(similar, { output_text: 'the cat ran' }, nobody, item)).toMatchObject({ passed: true })
    expect(await grade(similar, { output_text: 'a cat ran' }, nobody, item)).toMatchObject({
      passed: false,
      score: 1 / 3,
    })
  })

  it('compares vectors for cosine, and has an error where the endpoint has one', async () => {
    const cosine = { ...similar, evaluation_metric: 'cosine', model: 'test/vectors' }
    const tools = {
      ...nobody,
      embed: async () => [
        [1, 0],
        [1, 1],
      ],
    }
    const outcome = await grade(cosine, { output_text: 'a' }, tools)
    expect(outcome).toMatchObject({ passed: true, score: expect.closeTo(Math.SQRT1_2) as number })
    const broken = {
      ...nobody,
      embed: async (): Promise<never> => {
        throw new PotstillError('MODEL_CALL_FAILED', 'no vectors')
      },
    }
    expect(await grade(cosine, { output_text: 'a' }, broken)).toEqual({
      error: 'no vectors',
      fault: 'judge_server',
    })
  })
})

describe('label_model', () => {
  const labelling = {
    type: 'label_model',
    name: 'tone',
    model: 'test/judge',
    labels: ['kind', 'rude'],
    passing_labels: ['kind'],
    input: [
      { role: 'developer', content: 'Judge the tone.' },
      { role: 'user', content: { type: 'input_text', text: '{{sample.output_text}}' } },
    ],
  }

  it.each([
    ['{"reasoning":"polite","result":"kind"}', true],
    ['Sure:\n```json\n{"reasoning":"","result":"rude"}\n```', false],
    ['**Kind**', true],
    ['"rude".', false],
  ])('reads %s', async (reply, passed) => {
    const tools = judgeThat(reply)
    expect(await grade(labelling, { output_text: 'Dear Ada' }, tools)).toMatchObject({
      passed,
      judge: { model: 'test/judge', usage: { promptTokens: 7 } },
    })
    expect(tools.asked[0].messages).toEqual([
      { role: 'system', content: 'Judge the tone.' },
      { role: 'user', content: 'Dear Ada' },
    ])
  })

  it('is an error, neither pass nor fail, where the judge says none of the labels', async () => {
    expect(await grade(labelling, { output_text: 'x' }, judgeThat('either kind or rude'))).toMatchObject({
      fault: 'judge_parse',
    })
  })

  it('refuses passing labels that are no labels', () => {
    expect(criterionSchema.safeParse({ ...labelling, passing_labels: ['fine'] }).success).toBe(false)
  })
})

describe('score_model', () => {
  const scoring = {
    type: 'score_model',
    name: 'quality',
    model: 'test/judge',
    range: [1, 5],
    pass_threshold: 4,
    input: [{ role: 'user', content: 'Rate: {{sample.output_text}}' }],
    sampling_params: { temperature: 0, max_completions_tokens: 50, top_p: 0.9, reasoning_effort: 'low' },
  }

  it.each([
    ['{"reasoning":"good","result":4}', 4],
    ['{"score": "4.5"}', 4.5],
    ['4', 4],
    [' **5** ', 5],
    ['3/5', 3],
    ['2 out of 5.', 2],
    ['I find it fine.\nScore: 4', 4],
    ['The "score": 4, so the score is 4', 4],
    ['{"steps":[{"description":"{}"}],"result":1}', 1],
  ])('reads %s', async (reply, score) => {
    expect(await grade(scoring, { output_text: 'x' }, judgeThat(reply))).toMatchObject({
      score,
      share: (score - 1) / 4,
      passed: score >= 4,
    })
  })

  it.each(['no idea', 'score: 2 or score: 4', '{"result":"high"}', '{"result":7}', '0', ''])(
    'does not guess at %j',
    async (reply) => {
      expect(await grade(scoring, { output_text: 'x' }, judgeThat(reply))).toMatchObject({
        fault: 'judge_parse',
      })
    },
  )

  it('asks with its sampling, by either spelling, and for a number', async () => {
    const tools = judgeThat('5')
    await grade(scoring, { output_text: 'x' }, tools)
    expect(tools.asked[0]).toMatchObject({
      temperature: 0,
      maxTokens: 50,
      parameters: { top_p: 0.9, reasoning_effort: 'low' },
      schema: { required: ['reasoning', 'result'] },
    })
  })

  it('tells a judge that failed from one that refused', async () => {
    const failed = judgeThat(new PotstillError('MODEL_CALL_FAILED', 'gone'))
    expect(await grade(scoring, { output_text: 'x' }, failed)).toEqual({
      error: 'gone',
      fault: 'judge_server',
    })
    const refused = judgeThat('', { refusal: 'no' })
    expect(await grade(scoring, { output_text: 'x' }, refused)).toMatchObject({ fault: 'judge_refusal' })
  })

  it('ends everything where every further answer would end the same way', async () => {
    const broke = judgeThat(new PotstillError('BUDGET_EXCEEDED', 'no money'))
    await expect(grade(scoring, { output_text: 'x' }, broke)).rejects.toThrow('no money')
  })
})

describe('python', () => {
  it('points to JavaScript where it is not allowed', async () => {
    const python = { type: 'python', name: 'p', source: 'def grade(sample, item): return 1' }
    const outcome = await grade(python, { output_text: 'x' })
    expect(outcome).toMatchObject({ fault: 'python_refused' })
    expect('error' in outcome && outcome.error).toContain('javascript')
  })
})
