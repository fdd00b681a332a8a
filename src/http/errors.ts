import { VERDICTS, type LicenseCode } from '../domain/verdicts.js';

/** The codes a caller can meet besides the license verdicts, each with its status and its sentence of last resort. */
export const ERRORS = {
  UNAUTHORIZED: { status: 401, error: 'Missing or invalid credentials' },
  FORBIDDEN: { status: 403, error: 'Forbidden' },
  NOT_FOUND: { status: 404, error: 'Not found' },
  CONFLICT: { status: 409, error: 'Conflict' },
  IDEMPOTENCY_KEY_CONFLICT: { status: 409, error: 'Idempotency key was used for another request' },
  VALIDATION_ERROR: { status: 400, error: 'Invalid request' },
  RATE_LIMITED: { status: 429, error: 'Too many requests' },
  INTERNAL_ERROR: { status: 500, error: 'Internal server error' },
} as const satisfies Record<string, { status: number; error: string }>;

export type ErrorCode = keyof typeof ERRORS;

/** Field → its messages in order; a license refusal may name a plain value (`version`: the floor). */
export type Details = Readonly<Record<string, string | readonly string[]>>;

/** What is wrong on one line of a file; a null field stands for the line as a whole. */
export interface LineFlaw {
  readonly line: number;
  readonly field: string | null;
  readonly message: string;
}

/** What became of a file that was sent in: with any error nothing of it was taken. */
export interface FileReport {
  readonly rows: number;
  readonly imported: number;
  readonly errors_total: number;
  /** The first thousand, by line. */
  readonly errors: readonly LineFlaw[];
  readonly dry_run: boolean;
}

export type Headers = Readonly<Record<string, string>>;

interface Refusal {
  readonly status: number;
  readonly code: ErrorCode | LicenseCode;
  readonly publicMessage: string;
  readonly details?: Details | FileReport | undefined;
  readonly headers?: Headers | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  /** For the log alone; the caller never sees it. */
  readonly cause?: unknown;
}

/** A refusal that was meant: everything but `cause` and the stack is written for the caller. */
export abstract class PublicError extends Error implements Refusal {
  readonly status: number;
  readonly code: ErrorCode | LicenseCode;
  readonly publicMessage: string;
  readonly details: Details | FileReport | undefined;
  readonly headers: Headers;
  /** More members for the license plane's body, such as `proof`. */
  readonly extra: Readonly<Record<string, unknown>> | undefined;

  protected constructor(refusal: Refusal) {
    super(refusal.publicMessage, refusal.cause === undefined ? undefined : { cause: refusal.cause });
    this.name = new.target.name;
    this.status = refusal.status;
    this.code = refusal.code;
    this.publicMessage = refusal.publicMessage;
    this.details = refusal.details;
    this.headers = refusal.headers ?? {};
    this.extra = refusal.extra;
  }
}

interface ApiErrorOptions {
  readonly error?: string;
  readonly status?: number;
  readonly details?: Details | FileReport;
  readonly headers?: Headers;
  readonly cause?: unknown;
}

/** A refusal by one of the codes of `ERRORS`; status and sentence come from the table unless given. */
export class ApiError extends PublicError {
  constructor(code: ErrorCode, options: ApiErrorOptions = {}) {
    const { error = ERRORS[code].error, status = ERRORS[code].status, ...rest } = options;
    super({ code, publicMessage: error, status, ...rest });
  }
}

/** Bad fields: status and sentence are the plane's (422 or 400), so they are not known here. */
export class FieldErrors extends ApiError {
  declare readonly details: Details;

  constructor(details: Readonly<Record<string, readonly string[]>>) {
    super('VALIDATION_ERROR', { details });
  }
}

/** A verdict other than `VALID`, answered in the license plane's words. */
export class LicenseRefusal extends PublicError {
  constructor(
    code: LicenseCode,
    options: { details?: Details; extra?: Readonly<Record<string, unknown>> } = {},
  ) {
    super({ code, publicMessage: VERDICTS[code].error, status: VERDICTS[code].status, ...options });
  }
}

export const unauthorized = (error: string): ApiError => new ApiError('UNAUTHORIZED', { error });

export const forbidden = (error: string): ApiError => new ApiError('FORBIDDEN', { error });

/** `notFound('Version')` says "Version not found". */
export const notFound = (what: string): ApiError => new ApiError('NOT_FOUND', { error: `${what} not found` });

export const conflict = (error: string): ApiError => new ApiError('CONFLICT', { error });

export const idempotencyKeyConflict = (): ApiError => new ApiError('IDEMPOTENCY_KEY_CONFLICT');

/** The resource is no longer the one that `If-Match` names. */
export const preconditionFailed = (error: string): ApiError =>
  new ApiError('CONFLICT', { status: 412, error });

/** A request that is wrong as a whole, not in one field. */
export const invalidRequest = (error: string, status: 400 | 413 | 415 | 416 | 417 = 400): ApiError =>
  new ApiError('VALIDATION_ERROR', { status, error });

/** Messages by field, in order; `sentence()` writes them. */
export const fieldErrors = (details: Readonly<Record<string, readonly string[]>>): FieldErrors =>
  new FieldErrors(details);

/** A file of which nothing is taken, told line by line. */
export const fileRefused = (report: FileReport): ApiError =>
  new ApiError('VALIDATION_ERROR', { status: 422, error: 'Validation failed', details: report });

export const rateLimited = (retryAfterSeconds: number): ApiError =>
  new ApiError('RATE_LIMITED', {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(retryAfterSeconds))) },
  });

export const UNAVAILABLE = 'Service temporarily unavailable';

/** A dependency is down: worth another try soon. */
export const unavailable = (cause?: unknown): ApiError =>
  new ApiError('INTERNAL_ERROR', {
    status: 503,
    error: UNAVAILABLE,
    headers: { 'retry-after': '5' },
    cause,
  });

/** More than can be answered in time: refused before anything is done. */
export class Overloaded extends ApiError {
  constructor(retryAfterSeconds: number) {
    super('INTERNAL_ERROR', {
      status: 503,
      error: UNAVAILABLE,
      headers: { 'retry-after': String(retryAfterSeconds) },
    });
  }
}

export const overloaded = (retryAfterSeconds: number): Overloaded => new Overloaded(retryAfterSeconds);
