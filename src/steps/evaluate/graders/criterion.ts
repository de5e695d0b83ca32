/** What an answer is judged by: OpenAI's graders in OpenAI's own shape, and `javascript`, which is ours. */
import { z } from 'zod'
import { similarityMetrics } from '../../../core/config.ts'

const name = z.string().min(1).max(256)
const threshold = z.number().optional()

/** One part of a message; images and audio are refused, since nothing here could judge them. */
const textPart = z.union(
  [z.string(), z.looseObject({ type: z.enum(['input_text', 'output_text', 'text']), text: z.string() })],
  'must be text: images and audio are not judged here',
)

export const templateMessage = z.looseObject({
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  content: z.union([textPart, z.array(textPart)], 'must be text: images and audio are not judged here'),
})

/** Both spellings of the limit are about: the reference says one, its examples the other. */
export const samplingParams = z.looseObject({
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  seed: z.int().nullish(),
  max_completion_tokens: z.int().positive().nullish(),
  max_completions_tokens: z.int().positive().nullish(),
  reasoning_effort: z.string().nullish(),
})

export const criterionSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('string_check'),
    name,
    input: z.string(),
    reference: z.string(),
    operation: z.enum(['eq', 'ne', 'like', 'ilike']),
  }),
  z.looseObject({
    type: z.literal('text_similarity'),
    name,
    input: z.string(),
    reference: z.string(),
    evaluation_metric: z.enum(similarityMetrics),
    pass_threshold: threshold,
    /** Ours: whose vectors `cosine` compares. */
    model: z.string().min(1).optional(),
  }),
  z
    .looseObject({
      type: z.literal('label_model'),
      name,
      model: z.string().min(1),
      input: z.array(templateMessage).min(1),
      labels: z.array(z.string().min(1)).min(1),
      passing_labels: z.array(z.string().min(1)).min(1),
      sampling_params: samplingParams.optional(),
    })
    .refine(({ labels, passing_labels }) => passing_labels.every((label) => labels.includes(label)), {
      path: ['passing_labels'],
      message: 'must all be among labels',
    }),
  z
    .looseObject({
      type: z.literal('score_model'),
      name,
      model: z.string().min(1),
      input: z.array(templateMessage).min(1),
      range: z.tuple([z.number(), z.number()]).optional(),
      pass_threshold: threshold,
      sampling_params: samplingParams.optional(),
    })
    .refine(({ range }) => range === undefined || range[0] < range[1], {
      path: ['range'],
      message: 'must be [lowest, highest]',
    }),
  z.looseObject({
    type: z.literal('javascript'),
    name,
    source: z
      .string()
      .min(1)
      .max(256 * 1024),
    pass_threshold: threshold,
  }),
  z.looseObject({
    type: z.literal('python'),
    name,
    source: z
      .string()
      .min(1)
      .max(256 * 1024),
    image_tag: z.string().optional(),
    pass_threshold: threshold,
  }),
])

export type Criterion = z.output<typeof criterionSchema>
export type CriterionOf<Type extends Criterion['type']> = Extract<Criterion, { type: Type }>
export type TemplateMessage = z.output<typeof templateMessage>
export type SamplingParams = z.output<typeof samplingParams>

/** All the text of a message, still with its slots. */
export function messageText({ content }: TemplateMessage): string {
  const parts = Array.isArray(content) ? content : [content]
  return parts.map((part) => (typeof part === 'string' ? part : part.text)).join('\n')
}

/** The templates of a criterion: what has to be filled before it can judge. */
export function templatesOf(criterion: Criterion): readonly string[] {
  switch (criterion.type) {
    case 'string_check':
    case 'text_similarity':
      return [criterion.input, criterion.reference]
    case 'label_model':
    case 'score_model':
      return criterion.input.map(messageText)
    default:
      return []
  }
}
