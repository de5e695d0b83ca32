/** The teacher as one model: the configured one, or several that are combined. */
import type { OpenedModel } from '../catalog.ts'
import { teacherModels, type NamedModel, type SeveralTeachersConfig } from '../core/config.ts'
import { PotstillError } from '../core/errors.ts'
import type { StepEvent } from '../core/event.ts'
import { hashJson } from '../core/hash.ts'
import { readPrompt } from '../core/load-config.ts'
import {
  createCombinedModel,
  type CombineWay,
  type Member,
} from '../steps/generate/combine/combined-model.ts'
import type { CombineContext } from '../steps/generate/combine/draft.ts'
import { askedKey } from './captured-traffic.ts'
import { teacherReliabilities } from './teacher-reliabilities.ts'
import type { Session } from './session.ts'

/** @throws what opening a model throws; CONFIG_INVALID where the task or the rows do not allow this way of combining. */
export async function* openTeacher(session: Session): AsyncGenerator<StepEvent, OpenedModel> {
  const { teacher } = session.config
  if (!('combine' in teacher)) return withCaptured(session, await session.open(teacher.model))
  refuseText(session, teacher)
  return yield* combineTeachers(session, teacher, teacher.combine)
}

/** The configured teachers, combined in this way rather than in the config's. */
export async function* combineTeachers(
  session: Session,
  teacher: SeveralTeachersConfig,
  combine: CombineWay,
): AsyncGenerator<StepEvent, OpenedModel> {
  const members = await openMembers(session)
  const judge = teacher.judge === undefined ? undefined : await session.open(teacher.judge.model)
  const rubric = await rubricOf(session, teacher)
  const reliabilities = combine === 'weighted' ? yield* teacherReliabilities(session, members) : undefined
  const context: CombineContext = {
    task: session.task,
    parse: session.parse,
    ...(reliabilities === undefined ? {} : { reliabilities }),
    ...(judge === undefined ? {} : { judge: judge.model }),
    ...(rubric === undefined ? {} : { rubric }),
  }
  const model = createCombinedModel(
    combine,
    members.map(({ member }) => member),
    context,
  )
  const identity = {
    combine,
    members: hashJson(
      members.map(({ member, opened }) => [opened.identity, { ...member, model: member.model.id }]),
    ),
    judge: hashJson([judge?.identity ?? null, rubric ?? null]),
    reliabilities: hashJson(reliabilities ?? null),
  }
  return { model, identity, priceBasis: model.priceBasis ?? 'price unknown' }
}

/** What traffic has an answer to is not asked again; it keeps the latency and the price that it had. */
function withCaptured({ rows }: Session, teacher: OpenedModel): OpenedModel {
  const { captured } = rows
  if (captured === null) return teacher
  const { model, identity } = teacher
  return {
    ...teacher,
    identity: { ...identity, captured: captured.hash },
    model: {
      ...model,
      async complete(request, signal) {
        const reply = captured.replies.get(askedKey(request.messages))
        return reply ?? model.complete(request, signal)
      },
    },
  }
}

export interface OpenedMember {
  readonly member: Member
  readonly opened: OpenedModel
}

/** Several samples of one model count as several teachers. */
async function openMembers(session: Session): Promise<OpenedMember[]> {
  const members: OpenedMember[] = []
  for (const named of teacherModels(session.config)) {
    const opened = await session.open(named.model)
    for (let repeat = 0; repeat < named.samples; repeat++)
      members.push({ opened, member: memberOf(session, named, opened, repeat) })
  }
  return members
}

function memberOf(session: Session, named: NamedModel, { model }: OpenedModel, repeat: number): Member {
  const { prompt, temperature } = session.settingsOf(named.name)
  return {
    name: named.samples === 1 ? named.name : `${named.name}#${repeat + 1}`,
    model,
    prompt,
    repeat,
    ...(temperature === undefined ? {} : { temperature }),
  }
}

function refuseText({ task, loaded }: Session, { combine }: SeveralTeachersConfig): void {
  if (task.output.kind !== 'text' || (combine !== 'vote' && combine !== 'weighted')) return
  throw new PotstillError(
    'CONFIG_INVALID',
    `${loaded.file}: teacher.combine is ${combine}, which counts values, and the answers are free text`,
    { hint: 'Use best-of, blend or fallback.' },
  )
}

async function rubricOf(session: Session, { judge }: SeveralTeachersConfig): Promise<string | undefined> {
  if (judge?.rubric === undefined) return undefined
  return readPrompt(judge.rubric, session.loaded.folder, 'teacher.judge.rubric')
}
