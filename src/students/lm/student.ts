/** The lm student as a ChatModel, and the open model that it was made from, untuned. */
import { stat } from 'node:fs/promises'
import { lastUserMessage, type ChatModel, type ChatRequest, type Message } from '../../core/chat-model.ts'
import { PotstillError } from '../../core/errors.ts'
import { isJsonObject } from '../../core/json.ts'
import { buildRequest } from '../../core/request.ts'
import type { Manifest } from '../../core/student.ts'
import type { Task } from '../../core/task.ts'
import { readManifest } from '../student-folder.ts'
import { createLanguageModel } from './language-model.ts'
import { resolveBase } from './pull/resolve-base.ts'
import { readAdapter } from './student-files.ts'
import type { ConstraintSource, GenerationResult, LoraAdapter } from './types.ts'
import { openBaseModel } from './weights/base-model.ts'

/** What the manifest of an lm student says under `details`. */
export interface LanguageModelDetails {
  readonly base: { readonly name: string; readonly path: string; readonly sha256: string }
  readonly rank: number
  readonly alpha: number
  readonly weights: 'int8' | 'float32'
  /** Most tokens of an answer. */
  readonly maxTokens: number
  /** Confidences are raised to this power. */
  readonly confidencePower: number
}

/** Throws STUDENT_DAMAGED where the manifest does not say what the student was made from. */
export function detailsOf(folder: string, { details }: Manifest): LanguageModelDetails {
  if (!isJsonObject(details['base']) || typeof details['rank'] !== 'number') {
    throw new PotstillError('STUDENT_DAMAGED', `${folder}: the manifest names no base model`)
  }
  return details as unknown as LanguageModelDetails
}

/** Throws STUDENT_NOT_FOUND, STUDENT_DAMAGED, or MODEL_UNKNOWN where the base model is no longer there. */
export async function openLmStudent(folder: string): Promise<ChatModel> {
  const manifest = await readManifest(folder, ['lm'])
  const details = detailsOf(folder, manifest)
  const adapter = await readAdapter(folder, manifest, details)
  return createStudentModel(manifest, details, await findBase(details), adapter)
}

/** A student's answers: the same words around the input as in training, whatever system prompt the request has. */
export function createStudentModel(
  { name, version, task }: Pick<Manifest, 'name' | 'version' | 'task'>,
  details: Pick<LanguageModelDetails, 'weights' | 'maxTokens' | 'confidencePower'>,
  basePath: string,
  adapter: LoraAdapter,
): ChatModel {
  return createLanguageModel({
    id: `student/${name}@${version}`,
    source: 'student',
    basePath,
    adapter,
    weights: details.weights,
    maxTokens: details.maxTokens,
    conversation: (request) => ownConversation(task, request),
    constraint: (request) => constraintOf(task, request),
    confidence: (result) => rawConfidence(result) ** details.confidencePower,
  })
}

/** The model as it is; it is held to what the request asks for. */
export function openUntunedModel(
  basePath: string,
  { id, weights }: { readonly id: string; readonly weights: 'int8' | 'float32' },
): ChatModel {
  return createLanguageModel({
    id,
    source: 'local',
    basePath,
    adapter: null,
    weights,
    maxTokens: 512,
    constraint: (request) => {
      const { schema, labels } = request
      if (schema !== undefined) return { kind: 'json', schema, input: lastUserMessage(request) }
      return labels === undefined ? undefined : { kind: 'labels', labels }
    },
  })
}

/** The probability that the model gave to its answer among those that it could have given. */
export function rawConfidence({ logProbability }: Pick<GenerationResult, 'logProbability'>): number {
  return Math.exp(Math.min(0, logProbability))
}

/** Where the model was when the student was trained, else wherever it is now found under its name. */
export async function findBase({ base }: LanguageModelDetails): Promise<string> {
  const isThere = await stat(base.path).then(
    () => true,
    () => false,
  )
  const path = isThere ? base.path : await resolveBase(base.name, process.env, process.cwd())
  const model = await openBaseModel(path)
  await model.close()
  if (model.sha256 === base.sha256) return path
  throw new PotstillError('STUDENT_DAMAGED', `${path} is not the model that the student was made from`, {
    hint: `Its weights must have the SHA-256 ${base.sha256}.`,
  })
}

function ownConversation(task: Task, { messages }: ChatRequest): readonly Message[] {
  const turns = messages.filter(({ role }) => role !== 'system')
  const { messages: own } = buildRequest(task, { input: '' }, { prompt: task.prompt })
  return [...own.filter(({ role }) => role === 'system'), ...turns]
}

function constraintOf({ output }: Task, request: ChatRequest): ConstraintSource | undefined {
  if (output.kind === 'labels') return { kind: 'labels', labels: output.labels }
  if (output.kind === 'json') return { kind: 'json', schema: output.schema, input: lastUserMessage(request) }
  return request.schema === undefined ? undefined : { kind: 'json', schema: request.schema }
}
