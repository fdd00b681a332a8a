import type { UserStatus } from './roles.js';

/** The absolute end, however much a session is used. */
export const SESSION_SECONDS = 86_400;

/** One that nobody uses for so long is over: it was left open somewhere. */
export const IDLE_SECONDS = 7_200;

/** How often a use is written down. The idle end may come that much early; a write for every request would cost more. */
export const NOTE_USE_EVERY_SECONDS = 60;

const before = (now: Date, seconds: number): Date => new Date(now.getTime() - seconds * 1_000);

/** Sessions that were last used at this instant or before are over at `now`. */
export const idleSince = (now: Date): Date => before(now, IDLE_SECONDS);

/** Uses up to this instant are worth another note at `now`. */
export const noteUseUpTo = (now: Date): Date => before(now, NOTE_USE_EVERY_SECONDS);

export interface SessionLife {
  readonly expiresAt: Date;
  readonly lastSeenAt: Date;
  /** Of its user. */
  readonly status: UserStatus;
}

/** The one rule for when a session opens anything. */
export const isOpen = ({ expiresAt, lastSeenAt, status }: SessionLife, now: Date): boolean =>
  status === 'active' && now < expiresAt && lastSeenAt > idleSince(now);
