import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { serveApp, type ServedApp } from '../../../test/support/serve-app.ts'
import { startProvider, type FaultProvider } from '../../../test/support/fault-provider.ts'
import type { Json } from '../../core/json.ts'

let server: ServedApp
let provider: FaultProvider
beforeEach(async () => {
  provider = await startProvider({ answer: () => '{"reasoning":"fair","result":0.75}' })
  server = serveApp({ providers: { fake: { baseUrl: provider.baseUrl } } })
})
afterEach(async () => {
  await server.remove()
  await provider.close()
})

const check = {
  type: 'string_check',
  name: 'same',
  operation: 'eq',
  input: '{{sample.output_json.a}}',
  reference: '{{item.a}}',
}
const run = (
  grader: Json,
  sample: string,
  item: Json = { a: 'x' },
  status = 200,
): Promise<Record<string, unknown>> =>
  server.json('POST', '/fine_tuning/alpha/graders/run', { grader, model_sample: sample, item }, status)

describe('graders/run', () => {
  it('gives the reward, and says by name what went wrong', async () => {
    expect(await run(check, '{"a":"x"}')).toMatchObject({
      reward: 1,
      metadata: {
        name: 'same',
        type: 'string_check',
        scores: { same: 1 },
        errors: { invalid_variable_error: false },
      },
    })
    expect(await run(check, 'no JSON')).toMatchObject({
      reward: 0,
      metadata: {
        errors: { invalid_variable_error: true, message: 'there is no sample.output_json.a' },
        scores: {},
      },
    })
  })

  it('asks a judge, and counts its tokens', async () => {
    const judge = {
      type: 'score_model',
      name: 'judge',
      model: 'fake/judge',
      input: [{ role: 'user', content: '{{sample.output_text}}' }],
    }
    expect(await run(judge, 'hello')).toMatchObject({
      reward: 0.75,
      metadata: { sampled_model_name: 'fake/judge', token_usage: expect.any(Number) as number },
      model_grader_token_usage_per_model: { 'fake/judge': expect.any(Number) as number },
    })
    expect(await run({ ...judge, range: [0, 0.5] }, 'hello')).toMatchObject({
      metadata: { errors: { model_grader_parse_error: true } },
    })
  })

  it('refuses what cannot be run', async () => {
    const python = { type: 'python', name: 'p', source: 'def grade(sample, item): return 1' }
    expect(await run(python, 'x', {}, 400)).toMatchObject({ error: { code: 'python_graders_not_allowed' } })
    expect(await run({ type: 'multi', name: 'm' }, 'x', {}, 400)).toMatchObject({
      error: { code: 'unsupported_grader' },
    })
    expect(await run({ ...check, operation: 'near' }, 'x', {}, 400)).toMatchObject({
      error: { param: 'grader.operation' },
    })
  })
})

describe('graders/validate', () => {
  it('gives a grader back, and says what is wrong with one', async () => {
    const validate = (grader: Json, status = 200): Promise<Record<string, unknown>> =>
      server.json('POST', '/fine_tuning/alpha/graders/validate', { grader }, status)
    expect(await validate(check)).toEqual({ grader: check })
    const python = {
      type: 'python',
      name: 'p',
      source: 'def grade(sample, item): return 1',
      image_tag: '2025-05-08',
    }
    expect(await validate(python)).toEqual({ grader: python })
    expect(await validate({ ...check, input: '{{a}}' }, 400)).toMatchObject({
      error: { code: 'invalid_template' },
    })
  })
})
