import { HttpException } from '@nestjs/common';
import type { LicenseCode } from '../domain/verdicts.js';
import { isDependencyDown } from './dependency-down.js';
import {
  ERRORS,
  FieldErrors,
  PublicError,
  unavailable,
  type Details,
  type ErrorCode,
  type FileReport,
  type Headers,
} from './errors.js';
import { PLANES, type Plane } from './planes.js';

/** A refusal ready to be put into an envelope. `cause` is for the log and never for the caller. */
export interface Failure {
  readonly status: number;
  readonly code: ErrorCode | LicenseCode;
  readonly error: string;
  readonly details?: Details | FileReport | undefined;
  readonly headers: Headers;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  readonly cause: unknown;
}

interface StatusRule {
  readonly code: ErrorCode;
  readonly error: string;
  readonly status?: number;
  readonly headers?: Headers;
}

/**
 * What a status means here when a framework or a library refuses with it. Their own texts are never copied: they
 * change with a release and may quote what was sent.
 */
const BY_STATUS: Readonly<Record<number, StatusRule>> = {
  401: { code: 'UNAUTHORIZED', error: ERRORS.UNAUTHORIZED.error },
  403: { code: 'FORBIDDEN', error: ERRORS.FORBIDDEN.error },
  404: { code: 'NOT_FOUND', error: ERRORS.NOT_FOUND.error },
  // A wrong method is an unknown route.
  405: { code: 'NOT_FOUND', error: ERRORS.NOT_FOUND.error, status: 404 },
  408: { code: 'VALIDATION_ERROR', error: 'Request timed out' },
  409: { code: 'CONFLICT', error: ERRORS.CONFLICT.error },
  412: { code: 'CONFLICT', error: 'Precondition failed' },
  413: { code: 'VALIDATION_ERROR', error: 'Request body is too large' },
  414: { code: 'VALIDATION_ERROR', error: 'Request URL is too long' },
  415: { code: 'VALIDATION_ERROR', error: 'Unsupported content type' },
  416: { code: 'VALIDATION_ERROR', error: 'Range not satisfiable' },
  417: { code: 'VALIDATION_ERROR', error: 'Expectation failed' },
  429: { code: 'RATE_LIMITED', error: ERRORS.RATE_LIMITED.error, headers: { 'retry-after': '60' } },
  431: { code: 'VALIDATION_ERROR', error: 'Request headers are too large' },
};

/** A failure told by its status alone, for refusals that never became an exception. */
export function failureOfStatus(status: number, cause: unknown): Failure {
  if (status === 503) return publicFailure(unavailable(cause), cause);
  if (status >= 400 && status < 500) {
    const rule = BY_STATUS[status] ?? { code: 'VALIDATION_ERROR', error: ERRORS.VALIDATION_ERROR.error };
    return {
      code: rule.code,
      error: rule.error,
      status: rule.status ?? status,
      headers: rule.headers ?? {},
      cause,
    };
  }
  return { code: 'INTERNAL_ERROR', error: ERRORS.INTERNAL_ERROR.error, status: 500, headers: {}, cause };
}

function publicFailure(exception: PublicError, cause: unknown): Failure {
  const { status, code, publicMessage: error, details, headers, extra } = exception;
  return { status, code, error, details, headers, extra, cause };
}

function fieldFailure(exception: FieldErrors, plane: Plane): Failure {
  const { status, error } = PLANES[plane].badFields;
  const first = Object.values(exception.details).flat()[0] ?? exception.publicMessage;
  return { ...publicFailure(exception, exception), status, error: error ?? first };
}

/** A status that Nest or Fastify decided on, null for any other error. */
function frameworkStatus(exception: unknown): number | null {
  if (exception instanceof HttpException) return exception.getStatus();
  if (!(exception instanceof Error) || !('statusCode' in exception)) return null;
  const { statusCode } = exception;
  // Fastify marks its own errors by name, and a body that broke off by this code and text.
  const isFastifys =
    exception.name === 'FastifyError' ||
    ('code' in exception && exception.code === 'ECONNRESET' && exception.message === 'aborted');
  return isFastifys && typeof statusCode === 'number' ? statusCode : null;
}

/**
 * What the caller is told about an exception: a refusal that was meant as it is, a framework's by its status, a
 * dependency that is down as 503, and anything else as 500 in words that say nothing.
 */
export function toFailure(exception: unknown, plane: Plane): Failure {
  if (exception instanceof FieldErrors) return fieldFailure(exception, plane);
  if (exception instanceof PublicError) return publicFailure(exception, exception.cause ?? exception);
  const status = frameworkStatus(exception);
  if (status !== null) return failureOfStatus(status, exception);
  if (isDependencyDown(exception)) return publicFailure(unavailable(exception), exception);
  return failureOfStatus(500, exception);
}
