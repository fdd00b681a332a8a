import type { LeaseClaims } from './lease.js';
import { REFUSALS, isRefusalCode, type RefusalCode } from './refusals.js';

/** The four states of a panel. In `licensed`, `unreachable` and `grace` it works; in `grace` it warns. */
export type StandingState = 'licensed' | 'unreachable' | 'grace' | 'unlicensed';

/** Why a panel is not licensed without the service having refused it. */
export const LAPSES = {
  NOT_ACTIVATED: 'No license is activated on this machine. Run `mooring-agent activate KEY`.',
  LEASE_ENDED:
    'The license server has not been reached for too long, and the grace period has ended. Restore the connection and run `mooring-agent check`.',
  CLOCK_SET_BACK:
    'The clock of this machine was set back, so the license cannot be verified. Set the clock right, or have the license server tell the time: `mooring-agent check`, or without a network a new lease file.',
  LEASE_UNVERIFIED:
    'The lease on this machine cannot be verified. Run `mooring-agent check`, or activate the license again with `mooring-agent activate KEY`.',
  HARDWARE_CHANGED:
    'The license was activated on other hardware. Run `mooring-agent rebind` to move it here, or `mooring-agent activate KEY` to take another seat.',
  STATE_DAMAGED:
    'The license state was changed by something other than the agent. Activate the license again with `mooring-agent activate KEY`; that costs no seat.',
} as const satisfies Record<string, string>;

export type LapseCode = keyof typeof LAPSES;

/** `VALID`, `UNREACHABLE` and `GRACE` go on working; all others do not. */
export type StandingCode = 'VALID' | 'UNREACHABLE' | 'GRACE' | LapseCode | RefusalCode | 'REFUSED';

export interface StandingFacts {
  /** Null: nothing is activated. */
  readonly license: {
    /** Null: none is held, or what is held does not verify. */
    readonly lease: LeaseClaims | null;
    readonly hasLease: boolean;
    readonly refusal: { readonly code: string; readonly error: string } | null;
    /** Whether the panel's version lies below the floor that the lease names. */
    readonly isBelowFloor: boolean;
    /** The highest sequence seen. */
    readonly seq: number;
  } | null;
  /** The hardware id of this machine now; null when it can't be told. */
  readonly hardwareId: string | null;
  /** Whether the last attempt to reach the service failed. */
  readonly lastTryFailed: boolean;
  /** The latest time seen, in milliseconds. */
  readonly lastSeen: number;
}

export interface Standing {
  readonly state: StandingState;
  readonly code: StandingCode;
  readonly message: string;
}

/** Clocks of two machines, or of one before and after it asked for the time, may differ by so much. */
export const CLOCK_TOLERANCE_MS = 5 * 60_000;

/** Whether time has gone backwards since it was last seen. */
export const isSetBack = (now: number, lastSeen: number): boolean => now < lastSeen - CLOCK_TOLERANCE_MS;

const lapse = (code: LapseCode): Standing => ({ state: 'unlicensed', code, message: LAPSES[code] });

function refused({ code, error }: { code: string; error: string }): Standing {
  const sentence = `${error}.`;
  // A service of tomorrow may know a reason that this agent does not; it is as final as any.
  if (!isRefusalCode(code)) return { state: 'unlicensed', code: 'REFUSED', message: sentence };
  return { state: 'unlicensed', code, message: `${sentence} ${REFUSALS[code].advice}` };
}

/**
 * Where a panel stands at `now` (milliseconds, by the service's clock). The order is the policy: a refusal wins over a lease
 * that is still running, a lease that can't be relied on counts as none, and only then do its times speak.
 */
export function decideStanding(facts: StandingFacts, now: number): Standing {
  const { license } = facts;
  if (license === null) return lapse('NOT_ACTIVATED');
  if (license.refusal !== null) return refused(license.refusal);
  const { lease } = license;
  if (lease === null) return lapse(license.hasLease ? 'LEASE_UNVERIFIED' : 'NOT_ACTIVATED');
  if (lease.hwid !== facts.hardwareId) return lapse('HARDWARE_CHANGED');
  // An older lease than one that was held before: somebody has put it back.
  if (lease.seq < license.seq) return lapse('LEASE_UNVERIFIED');
  if (isSetBack(now, Math.max(facts.lastSeen, lease.iat * 1_000))) return lapse('CLOCK_SET_BACK');
  if (license.isBelowFloor)
    return refused({ code: 'VERSION_TOO_LOW', error: REFUSALS.VERSION_TOO_LOW.error });
  return byTime(lease, facts.lastTryFailed, now);
}

function byTime(lease: LeaseClaims, lastTryFailed: boolean, now: number): Standing {
  const expiresAt = lease.license_expires_at;
  if (expiresAt !== null && now >= Date.parse(expiresAt)) {
    return refused({ code: 'EXPIRED', error: REFUSALS.EXPIRED.error });
  }
  if (now < lease.exp * 1_000) {
    if (!lastTryFailed) return { state: 'licensed', code: 'VALID', message: 'The license is valid.' };
    return {
      state: 'unreachable',
      code: 'UNREACHABLE',
      message: `The license server could not be reached; the license stays valid until ${isoSeconds(lease.exp * 1_000)}.`,
    };
  }
  if (now < Date.parse(lease.grace_until)) {
    return {
      state: 'grace',
      code: 'GRACE',
      message: `The license server has not been reached for too long. The panel stops at ${lease.grace_until} unless the connection is restored.`,
    };
  }
  return lapse('LEASE_ENDED');
}

const isoSeconds = (time: number) => new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
