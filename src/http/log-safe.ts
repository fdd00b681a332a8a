const MAX_DEPTH = 5;

/** An error cut down to what may be logged. */
export interface LoggableError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: LoggableError;
}

/**
 * An error without its other members: a query error carries the values that were bound, and those may be secrets or
 * personal. Type, message, code and stack are what it takes to find the fault.
 */
export function loggable(error: unknown, depth = 0): LoggableError {
  if (!(error instanceof Error))
    return { type: typeof error, message: 'Something other than an error was thrown' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth === MAX_DEPTH ? {} : { cause: loggable(error.cause, depth + 1) }),
  };
}
