/** Errors as OpenAI's clients know them, and what each of our own errors is over HTTP. */
import { HTTPException } from 'hono/http-exception'
import { PotstillError, type ErrorCode } from '../core/errors.ts'

export interface ApiErrorDetails {
  /** The field of the request that is at fault: "messages[0].role". */
  readonly param?: string
  /** A word for programs: "model_not_found". */
  readonly code?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly cause?: unknown
}

export interface ApiErrorBody {
  readonly error: {
    readonly message: string
    readonly type: string
    readonly param: string | null
    readonly code: string | null
  }
}

type ErrorStatus =
  | 400
  | 401
  | 403
  | 404
  | 408
  | 409
  | 413
  | 415
  | 421
  | 422
  | 429
  | 500
  | 501
  | 502
  | 503
  | 504

const types: Readonly<Partial<Record<ErrorStatus, string>>> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  429: 'rate_limit_error',
}

export function errorBody(status: number, message: string, details: ApiErrorDetails = {}): ApiErrorBody {
  const type = types[status as ErrorStatus] ?? (status >= 500 ? 'server_error' : 'invalid_request_error')
  return { error: { message, type, param: details.param ?? null, code: details.code ?? null } }
}

/** To be thrown by a handler: `throw apiError(404, 'There is no file file-1', { code: 'not_found' })`. */
export function apiError(status: ErrorStatus, message: string, details: ApiErrorDetails = {}): HTTPException {
  const res = Response.json(errorBody(status, message, details), { status, headers: details.headers })
  return new HTTPException(status, { message, res, cause: details.cause })
}

/** What is not here is a fault of ours or of the machine: 500. */
const statuses: Readonly<Partial<Record<ErrorCode, ErrorStatus>>> = {
  CONFIG_INVALID: 400,
  DATA_NOT_FOUND: 404,
  DATA_INVALID: 400,
  DATA_EMPTY: 400,
  SCHEMA_INVALID: 400,
  MODEL_UNKNOWN: 404,
  MODEL_REQUEST_REFUSED: 400,
  MODEL_REPLY_INVALID: 502,
  MODEL_CALL_FAILED: 502,
  MODEL_UNAVAILABLE: 502,
  RECORD_MISSING: 404,
  BUDGET_EXCEEDED: 403,
  MODEL_FILE_INVALID: 400,
  MODEL_UNSUPPORTED: 400,
  MODEL_FETCH_FAILED: 502,
  TASK_UNSUPPORTED: 400,
  TRAINING_REFUSED: 400,
  STUDENT_NOT_FOUND: 404,
  RUN_LOCKED: 409,
  STORE_UNAVAILABLE: 503,
  USAGE: 400,
  INTERRUPTED: 503,
}

/** A PotstillError as an answer; its code in lower case, as OpenAI's codes are. A missing key of ours is no 401 of the client's. */
export function toApiError(error: PotstillError, param?: string): HTTPException {
  const code = error.code === 'MODEL_UNKNOWN' ? 'model_not_found' : error.code.toLowerCase()
  return apiError(statuses[error.code] ?? 500, `${error.message}. ${error.hint}`, {
    code,
    param,
    cause: error,
  })
}
