import { maskKey } from '../domain/license-key.js';
import type { LeaseClaims } from '../domain/lease.js';
import { refusalSentence } from '../domain/refusals.js';
import { CLOCK_TOLERANCE_MS } from '../domain/standing.js';
import { trustedTime } from '../domain/trusted-time.js';
import type { ProvenAnswer } from '../server/proven-answer.js';
import type { UnreachableError } from '../server/unreachable.js';
import type { AgentState, Contact, SeenTime, StoredLicense } from '../state/state.js';

export const NO_CONTACT: Contact = {
  answeredAt: null,
  triedAt: null,
  version: null,
  failures: 0,
  failure: null,
  notBefore: null,
  keysAt: null,
};

const MOST_FAILURES = 1_000_000;
/** A service that asks for more than a day has made a mistake. */
const LONGEST_WAIT_SECONDS = 86_400;

/** After an answer that was believed. */
export const answered = (now: Date, keysAt: string | null, version: string): Contact => ({
  ...NO_CONTACT,
  answeredAt: now.toISOString(),
  triedAt: now.toISOString(),
  version,
  keysAt,
});

/** After one that was not, or none at all. */
export function failed(
  before: Contact,
  now: Date,
  { message, retryAfterSeconds }: UnreachableError,
): Contact {
  const wait = retryAfterSeconds === null ? null : Math.min(retryAfterSeconds, LONGEST_WAIT_SECONDS);
  return {
    ...before,
    triedAt: now.toISOString(),
    failures: Math.min(before.failures + 1, MOST_FAILURES),
    failure: `${message}.`,
    notBefore: wait === null ? null : new Date(now.getTime() + wait * 1_000).toISOString(),
  };
}

/** The time by the service's clock, as far as it is known. */
export const serviceTime = (now: Date, time: SeenTime | undefined): Date =>
  time === undefined
    ? now
    : new Date(
        trustedTime(now.getTime(), { lastSeen: Date.parse(time.lastSeenAt), offsetMs: time.offsetMs }),
      );

/** What this machine's clock is to be corrected by now, in milliseconds: nothing once it was set right. */
export const correctionMs = (now: Date, time: SeenTime | undefined): number =>
  serviceTime(now, time).getTime() - now.getTime();

/**
 * What a proof says of the time. Where this machine's clock is wrong by minutes, the difference is kept, so that a panel
 * whose clock can't be set still knows how old its lease is.
 */
export function toldTime(now: Date, { claims }: ProvenAnswer): SeenTime {
  const difference = claims.iat * 1_000 - now.getTime();
  const offsetMs = Math.abs(difference) > CLOCK_TOLERANCE_MS ? difference : 0;
  return { offsetMs, lastSeenAt: new Date(now.getTime() + offsetMs).toISOString() };
}

/** The time as it has passed since, which nobody has confirmed. It never goes back. */
export function passedTime(now: Date, before: SeenTime): SeenTime {
  const time = serviceTime(now, before).toISOString();
  return {
    offsetMs: correctionMs(now, before),
    lastSeenAt: time > before.lastSeenAt ? time : before.lastSeenAt,
  };
}

/** The license as it is kept once the service has granted it. */
export const grantedLicense = (
  key: string,
  answer: { readonly lease: string | null },
  lease: LeaseClaims,
  activatedAt: string,
): StoredLicense => ({
  key,
  maskedKey: maskKey(key),
  licenseId: lease.sub,
  lease: answer.lease,
  leaseId: lease.jti,
  seq: lease.seq,
  refusal: null,
  mustActivate: false,
  activatedAt,
});

/** The license once it is refused: nothing of the lease counts any more, but the service still knows its holder by its id. */
export const refusedLicense = (license: StoredLicense, answer: ProvenAnswer): StoredLicense => ({
  ...license,
  lease: null,
  mustActivate: false,
  refusal: {
    code: answer.code,
    error: refusalSentence(answer.code, answer.error),
    details: answer.details,
    at: new Date(answer.claims.iat * 1_000).toISOString(),
    proof: answer.proof,
  },
});

/** The state after the service could not be asked. */
export const afterFailure = (state: AgentState, now: Date, error: UnreachableError): AgentState => ({
  ...state,
  contact: failed(state.contact, now, error),
  time: passedTime(now, state.time),
});

/**
 * Whether an answer is about the license that is held, whatever its key is called now: a key may be written in several ways
 * and be rotated. Only of a key that is unknown the proof names no license.
 */
const isAbout = ({ claims }: ProvenAnswer, key: string, license: StoredLicense): boolean =>
  claims.sub === undefined ? license.key === key : license.licenseId === claims.sub;

/** A refusal is final for the license that is held; one of another changes nothing. Null: nothing to be kept. */
export function afterRefusal(
  state: AgentState | null,
  key: string,
  answer: ProvenAnswer,
  now: Date,
): AgentState | null {
  const license = state?.license ?? null;
  if (state === null || license === null || !isAbout(answer, key, license)) return null;
  return {
    ...state,
    license: refusedLicense(license, answer),
    contact: answered(now, state.contact.keysAt, answer.claims.version),
    time: toldTime(now, answer),
  };
}
