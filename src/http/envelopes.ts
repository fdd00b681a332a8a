import type { Failure } from './to-failure.js';
import type { Plane } from './planes.js';

type Body = Readonly<Record<string, unknown>>;

const withDetails = ({ details }: Failure): Body => (details === undefined ? {} : { details });

/** The body of a refusal, plane by plane. A plane without an envelope does not compile. */
export const ENVELOPES = {
  license: (failure) => ({
    valid: false,
    error: failure.error,
    code: failure.code,
    ...withDetails(failure),
    ...failure.extra,
  }),
  // Nothing but the sentence: a code would tell a guesser which part of the guess was right.
  download: ({ error }) => ({ error }),
  admin: (failure) => ({ success: false, error: failure.error, code: failure.code, ...withDetails(failure) }),
  panel: ({ code, error, status }) => ({ success: false, code, error, message: error, status }),
} as const satisfies Record<Plane, (failure: Failure) => Body>;
