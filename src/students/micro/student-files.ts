/** The micro student as files: plan.json, and a header and bytes for each part that it has. */
import { PotstillError } from '../../core/errors.ts'
import type { Manifest } from '../../core/student.ts'
import { readStudentFiles } from '../student-folder.ts'
import { packClassifier } from './classifier/pack-classifier.ts'
import type { Packed } from './held-out.ts'
import type { AnswerPlan } from './runtime/answer.js'
import { unpackClassifier, type ClassifierModel } from './runtime/classifier.js'
import { unpackTagger, type TaggerModel } from './runtime/tagger.js'
import { packTagger } from './tagger/pack-tagger.ts'

/** A part is null where no field of the task needs it. */
export interface MicroModel {
  readonly plan: AnswerPlan
  readonly classifier: ClassifierModel | null
  readonly tagger: TaggerModel | null
}

export function modelFiles({ plan, classifier, tagger }: MicroModel): Record<string, Uint8Array> {
  return {
    'plan.json': encodeJson(plan),
    ...(classifier === null ? {} : packFiles('classifier', packClassifier(classifier, { quantised: false }))),
    ...(tagger === null ? {} : packFiles('tagger', packTagger(tagger, { quantised: false }))),
  }
}

/** Throws STUDENT_DAMAGED where a file is missing or its hash differs. */
export async function readModel(folder: string, manifest: Manifest): Promise<MicroModel> {
  const files = await readStudentFiles(folder, manifest)
  if (files['plan.json'] === undefined) {
    throw new PotstillError('STUDENT_DAMAGED', `${folder} holds no plan.json`)
  }
  const classifier = unpackFiles('classifier', files)
  const tagger = unpackFiles('tagger', files)
  return {
    plan: decodeJson(files['plan.json']) as AnswerPlan,
    classifier: classifier === null ? null : unpackClassifier(classifier),
    tagger: tagger === null ? null : unpackTagger(tagger),
  }
}

function packFiles(name: string, { header, bytes }: Packed): Record<string, Uint8Array> {
  return { [`${name}.json`]: encodeJson(header), [`${name}.bin`]: bytes }
}

/** The bytes are copied, so that they begin where typed arrays may begin. */
function unpackFiles(name: string, files: Readonly<Record<string, Uint8Array>>): Packed | null {
  const header = files[`${name}.json`]
  const bytes = files[`${name}.bin`]
  if (header === undefined || bytes === undefined) return null
  return { header: decodeJson(header) as Packed['header'], bytes: new Uint8Array(bytes) }
}

function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function decodeJson(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes))
}
