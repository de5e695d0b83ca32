/** The config file's schema and its defaults. docs/config.md documents each key; a test compares. */
import { z } from 'zod'
import { maskKinds } from './masking.ts'

const path = z.string().min(1, 'a path')
const positive = z.number().positive()
const share = z.number().gt(0).lt(1)

const armModel = {
  /** "openai/gpt-6-sol", "recorded/with-guide", "<provider>/<model>", a student's name or folder. */
  model: z.string().min(1),
  /** Path of a .md or .txt file, or the text itself; the task's prompt when absent. */
  prompt: z.string().optional(),
  temperature: z.number().min(0).max(2).optional(),
  maxTokens: z.int().positive().optional(),
}

const singleModel = z.strictObject(armModel)

const member = z.strictObject({
  name: z.string().min(1),
  ...armModel,
  /** Asks so many times, each answer a teacher's of its own; give a temperature above 0. */
  samples: z.int().min(1).max(20).default(1),
})

const severalTeachers = z.strictObject({
  combine: z.enum(['vote', 'weighted', 'best-of', 'blend', 'fallback']),
  /** In order: the first is believed where nothing else decides, and asked first by `fallback`. */
  models: z.array(member).min(1),
  /** best-of and blend: the model that picks, or that writes the one answer. */
  judge: z
    .strictObject({
      model: z.string().min(1),
      /** Path of a .md or .txt file, or the text itself: what makes an answer good. */
      rubric: z.string().optional(),
    })
    .optional(),
})

/** OpenAI's names; `cosine` compares vectors of a model, the others compare the texts themselves. */
export const similarityMetrics = [
  'cosine',
  'fuzzy_match',
  'bleu',
  'gleu',
  'meteor',
  'rouge_1',
  'rouge_2',
  'rouge_3',
  'rouge_4',
  'rouge_5',
  'rouge_l',
] as const

/** A model that judges; its prompt is the path of a .md or .txt file or the text, with {{item.x}} and {{sample.x}} in it. */
const judgeModel = {
  model: z.string().min(1),
  prompt: z.string().min(1),
  temperature: z.number().min(0).max(2).optional(),
  name: z.string().optional(),
}

const grader = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('exact_match'), name: z.string().optional() }),
  z.strictObject({ type: z.literal('field'), path: z.string(), name: z.string().optional() }),
  z.strictObject({ type: z.literal('schema_valid'), name: z.string().optional() }),
  z.strictObject({
    type: z.literal('string_check'),
    operation: z.enum(['eq', 'ne', 'like', 'ilike']).default('eq'),
    /** What to compare with; the expected answer at `path` when absent. */
    value: z.string().optional(),
    path: z.string().optional(),
    name: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('numeric'),
    path: z.string().optional(),
    tolerance: z.number().min(0).default(0),
    /** The tolerance is a share of the expected number. */
    relative: z.boolean().default(false),
    name: z.string().optional(),
  }),
  z.strictObject({ type: z.literal('quoted'), path: z.string().optional(), name: z.string().optional() }),
  z.strictObject({
    type: z.literal('text_similarity'),
    metric: z.enum(similarityMetrics),
    /** Templates: the text that is judged, and what it is compared with. */
    input: z.string().default('{{sample.output_text}}'),
    reference: z.string().default('{{item.expected}}'),
    passThreshold: z.number().optional(),
    /** cosine: whose vectors. */
    model: z.string().min(1).optional(),
    name: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('label_model'),
    ...judgeModel,
    labels: z.array(z.string().min(1)).min(2),
    passingLabels: z.array(z.string().min(1)).min(1),
  }),
  z.strictObject({
    type: z.literal('score_model'),
    ...judgeModel,
    /** Lowest and highest score. */
    range: z.tuple([z.number(), z.number()]).default([0, 1]),
    passThreshold: z.number().optional(),
  }),
  z.strictObject({
    type: z.literal('javascript'),
    /** Path of a .js or .mjs file, or the text itself: function grade(sample, item). */
    source: z.string().min(1),
    passThreshold: z.number().optional(),
    name: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal('python'),
    /** Path of a .py file, or the text itself: def grade(sample, item). */
    source: z.string().min(1),
    passThreshold: z.number().optional(),
    name: z.string().optional(),
  }),
])

const provider = z.strictObject({
  baseUrl: z.url({ protocol: /^https?$/ }),
  /** Name of the environment variable that holds the key; no key is sent when absent. */
  keyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .optional(),
  requestsPerMinute: positive.optional(),
  tokensPerMinute: positive.optional(),
  concurrency: z.int().positive().optional(),
  structuredOutput: z.enum(['json_schema', 'json_object', 'none']).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  /** The header that carries the key; "authorization", as a bearer token, when absent. */
  keyHeader: z.string().optional(),
  /** How many alternatives a token it gives with log-probabilities; 0 when it gives none. */
  topLogprobs: z.int().min(0).max(20).optional(),
  maxTokensField: z.enum(['max_completion_tokens', 'max_tokens']).optional(),
  timeoutMs: z.int().positive().optional(),
})

const price = z.strictObject({
  input: z.number().min(0),
  cachedInput: z.number().min(0).optional(),
  output: z.number().min(0),
})

/** Traffic that `potstill serve` has kept: its inputs are rows, its replies the teacher's answers to them. */
const captured = z.strictObject({
  /** What the client asked for: an alias, a model. */
  model: z.string().min(1).optional(),
  workload: z.string().min(1).optional(),
  /** A date or a time as ISO 8601 has it; from then on. */
  since: z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)), 'a date such as 2026-11-01')
    .optional(),
  /** Pairs that the traffic must have. */
  metadata: z.record(z.string(), z.string()).default({}),
})

export const configSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case letters, digits, ".", "_" and "-", at most 64'),
  note: z.string().optional(),
  seed: z.int().min(0).default(1),
  task: z
    .strictObject({
      input: z.string().min(1).default('input'),
      /** Further fields that the model is shown before the input, as `name=value` lines. */
      context: z.array(z.string()).default([]),
      prompt: z.string().default(''),
      /** Path of a JSON Schema, the schema itself, `{ labels: [...] }` or `text`; inferred from labelled rows when absent. */
      output: z
        .union([
          z.string().min(1),
          z.strictObject({ labels: z.array(z.string().min(1)).min(2) }),
          z.looseObject({ type: z.unknown() }),
        ])
        .optional(),
    })
    .prefault({}),
  data: z.strictObject({
    unlabelled: path.optional(),
    labelled: path.optional(),
    evaluation: path.optional(),
    captured: captured.optional(),
    /** Name of the field that says which rows belong together (conversation, customer, document). */
    group: z.string().optional(),
  }),
  /** One model, or several made into one. */
  teacher: z.union([singleModel, severalTeachers]),
  arms: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        ...armModel,
        /** An untuned cheap model: when it does the job already, the verdict is no_need. */
        cheap: z.boolean().default(false),
      }),
    )
    .default([]),
  student: z
    .strictObject({
      kind: z.enum(['micro', 'lm']).default('micro'),
      epochs: z.int().positive().max(1000).optional(),
      /** lm: the model to adapt: a path, a URL or a Hugging Face repository. */
      base: z.string().min(1).optional(),
      /** lm: rank of the LoRA adapter. */
      rank: z.int().positive().max(256).optional(),
      learningRate: positive.max(1).optional(),
      /** lm: rows a step. */
      batchSize: z.int().positive().max(256).optional(),
      /** lm: 8-bit weights answer faster, 32-bit ones exactly as trained. */
      weights: z.enum(['int8', 'float32']).optional(),
    })
    .prefault({}),
  generate: z
    .strictObject({
      /** How many unlabelled rows the teacher answers at most; all when absent. */
      count: z.int().positive().optional(),
    })
    .prefault({}),
  curate: z
    .strictObject({
      nearDuplicateSimilarity: share.default(0.9),
      leakSimilarity: share.default(0.7),
      /** At most this many rows with one value of a field, by field path. */
      maxPerValue: z.record(z.string(), z.int().positive()).default({}),
      /** Personal data that placeholders stand for in training rows. */
      mask: z.array(z.enum(maskKinds)).default([]),
    })
    .prefault({}),
  evaluate: z
    .strictObject({
      /** Share of labelled rows (or unlabelled, where none are) held out when there is no evaluation file. */
      share: share.default(0.3),
      graders: z.array(grader).default([]),
      /** python graders run, locked in, on Linux. */
      allowPythonGraders: z.boolean().default(false),
      /** What a row's score is: the mean over fields, or the mean of the graders (always for text). */
      score: z.enum(['fields', 'graders']).default('fields'),
      /** No further row is asked once the teacher's score is known this closely, in points each way; never when absent. */
      stopAtHalfWidthPoints: positive.max(50).optional(),
    })
    .prefault({}),
  verdict: z
    .strictObject({
      /** Name of the arm that the student would replace; "teacher" when absent. */
      replaces: z.string().default('teacher'),
      marginPoints: z.number().min(0).max(50).default(2),
      metric: z.enum(['score', 'exactMatch']).default('score'),
    })
    .prefault({}),
  budget: z.strictObject({ usd: z.number().min(0) }).optional(),
  providers: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]*$/), provider).default({}),
  /** US dollars per million tokens, by model; over the shipped table. */
  prices: z.record(z.string(), price).default({}),
  machine: z.strictObject({ usdPerCoreHour: z.number().min(0).default(0.04) }).prefault({}),
})

export type Config = z.output<typeof configSchema>
export type GraderConfig = z.output<typeof grader>
export type ProviderConfig = z.output<typeof provider>
export type ModelConfig = z.output<typeof singleModel>
export type SeveralTeachersConfig = z.output<typeof severalTeachers>

export interface NamedModel extends ModelConfig {
  readonly name: string
  readonly samples: number
}

/** The models that the teacher is made of; the one named "teacher" where it is one. */
export function teacherModels({ teacher }: Pick<Config, 'teacher'>): readonly NamedModel[] {
  return 'combine' in teacher ? teacher.models : [{ name: 'teacher', samples: 1, ...teacher }]
}
