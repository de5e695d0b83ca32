/** What a teacher's terms say of training other models on its answers, where that is publicly known. No legal advice. */

export interface TeacherTerms {
  readonly status: 'allowed' | 'restricted' | 'unknown'
  /** One sentence for the report. */
  readonly text: string
  readonly url: string | null
}

interface Family {
  /** Matched against "provider/model" in lower case. */
  readonly pattern: RegExp
  readonly terms: TeacherTerms
}

/** As publicly known in November 2026. The first that matches counts: families of open weights before providers. */
const families: readonly Family[] = [
  {
    pattern: /gpt-oss|gpt_oss/,
    terms: {
      status: 'allowed',
      text: 'Its weights are open under Apache 2.0, which allows training on its answers; check the terms of whoever hosts it.',
      url: 'https://huggingface.co/openai/gpt-oss-120b',
    },
  },
  {
    pattern: /^openai\/|(^|\/)(gpt-|o\d(-|$)|chatgpt)/,
    terms: {
      status: 'restricted',
      text: "OpenAI's terms forbid using its output to develop models that compete with OpenAI, and except distillation on its own platform; check whether your student would compete.",
      url: 'https://openai.com/policies/row-terms-of-use/',
    },
  },
  {
    pattern: /claude|anthropic/,
    terms: {
      status: 'restricted',
      text: "Anthropic's commercial terms forbid training models that compete with its services without its consent; check whether your student would compete.",
      url: 'https://www.anthropic.com/legal/commercial-terms',
    },
  },
  {
    pattern: /gemma/,
    terms: {
      status: 'restricted',
      text: "Google's Gemma terms may count a model trained on Gemma's answers as a derivative under the same terms and use policy; check which version's licence applies.",
      url: 'https://ai.google.dev/gemma/terms',
    },
  },
  {
    pattern: /gemini|google/,
    terms: {
      status: 'restricted',
      text: "Google's Gemini API terms forbid using the service to develop models that compete with it; check whether your student would compete.",
      url: 'https://ai.google.dev/gemini-api/terms',
    },
  },
  {
    pattern: /grok|(^|\/)x-?ai\//,
    terms: {
      status: 'restricted',
      text: "xAI's terms forbid using its output to develop models that compete with it; check whether your student would compete.",
      url: 'https://x.ai/legal/terms-of-service-enterprise',
    },
  },
  {
    pattern: /(^|[^o])llama/,
    terms: {
      status: 'restricted',
      text: 'Meta\'s Llama licence allows training on its answers from version 3.1 on, asks for a model name that begins with "Llama" and a "Built with Llama" notice, and older versions forbid it; check the version.',
      url: 'https://www.llama.com/llama3_1/license/',
    },
  },
  {
    pattern: /deepseek/,
    terms: {
      status: 'allowed',
      text: "DeepSeek's open weights (MIT) and its API terms allow training other models on its answers; check the terms of whoever hosts it.",
      url: 'https://cdn.deepseek.com/policies/en-US/deepseek-open-platform-terms-of-service.html',
    },
  },
  {
    pattern: /qwen|qwq/,
    terms: {
      status: 'unknown',
      text: 'Most open Qwen weights are under Apache 2.0, which allows training on their answers, but some sizes and the hosted models have terms of their own; check those of your model.',
      url: 'https://github.com/QwenLM/Qwen3',
    },
  },
  {
    pattern: /mixtral|mistral-(7b|nemo|small)|(^|\/)(phi-|smollm|olmo)/,
    terms: {
      status: 'allowed',
      text: 'Its weights are open under Apache 2.0 or MIT, which allow training on its answers; check the terms of whoever hosts it.',
      url: 'https://opensource.org/licenses',
    },
  },
  {
    pattern: /mistral|codestral|magistral|ministral/,
    terms: {
      status: 'unknown',
      text: 'Mistral has models under open licences and models under its own; check the terms of your model.',
      url: 'https://mistral.ai/terms',
    },
  },
]

const unknownTerms: TeacherTerms = {
  status: 'unknown',
  text: 'Not known here: check whether the terms of the model and of its provider let you train another model on its answers.',
  url: null,
}

/** `model` is an id such as "openai/gpt-6-sol"; for recorded answers the model that gave them, where it is known. */
export function termsOf(model: string): TeacherTerms {
  const name = model.toLowerCase()
  return families.find(({ pattern }) => pattern.test(name))?.terms ?? unknownTerms
}
