import { QueryFailedError } from 'typeorm';

/** Every violated constraint is of this class: unique 23505, foreign key 23503, check 23514 and so on. */
const INTEGRITY_CLASS = /^23/;

/**
 * The name of the constraint that a statement violated, null for any other failure. The database is the one to ask whether
 * a code is taken or a row still used: a look beforehand is out of date by the time of the change.
 */
export function violatedConstraint(error: unknown): string | null {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!(cause instanceof Error) || !('code' in cause) || !('constraint' in cause)) return null;
  const { code, constraint } = cause;
  return INTEGRITY_CLASS.test(String(code)) && typeof constraint === 'string' ? constraint : null;
}
