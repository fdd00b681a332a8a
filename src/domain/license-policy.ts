import { highestVersion, isBelow } from './version.js';
import { RULES_OF, type LicenseAction, type LicenseCode, type VerdictCode } from './verdicts.js';

/** Everything the rules look at, loaded before a decision and never during one. */
export interface LicenseFacts {
  readonly status: 'active' | 'suspended' | 'revoked';
  readonly product: string;
  readonly expiresAt: Date | null;
  readonly updatesUntil: Date | null;
  readonly maxActivations: number;
  readonly floors: {
    readonly product: string | null;
    readonly policy: string | null;
    readonly license: string | null;
  };
  /** The release of the version that the panel runs, when that version was ever published. */
  readonly runningRelease: { readonly releasedAt: Date; readonly security: boolean } | null;
  readonly hardwareBlocked: boolean;
  /** Whether the hardware in the request holds a seat. */
  readonly holdsSeat: boolean;
  /** This call shows that two machines share the seat, and the policy refuses such calls. */
  readonly cloneRefused: boolean;
  readonly activeSeats: number;
  /** Seats unseen for so long that the policy lets the next activation have them. */
  readonly staleSeats: number;
  /** Only a rebind has these; null otherwise. */
  readonly rebind: RebindFacts | null;
}

export interface RebindFacts {
  readonly sameHardware: boolean;
  readonly previousHoldsSeat: boolean;
  /** This very move was made before and the target still holds the seat: the answer got lost, so it is sent again. */
  readonly alreadyMoved: boolean;
  readonly movesInWindow: number;
  readonly quota: number;
}

/** What the caller claims: its version (null where the call has none) and, optionally, the product it belongs to. */
export interface LicenseRequest {
  readonly action: LicenseAction;
  readonly version: string | null;
  readonly product: string | null;
}

export interface TraceEntry {
  readonly rule: LicenseCode;
  readonly passed: boolean;
  readonly because: string;
}

/** The floor is the highest of the product's, the policy's and the license's own. */
export function versionFloor(facts: Pick<LicenseFacts, 'floors'>): string | null {
  return highestVersion(facts.floors.product, facts.floors.policy, facts.floors.license);
}

interface Rule {
  passes(facts: LicenseFacts, request: LicenseRequest, now: Date): boolean;
  because(facts: LicenseFacts, request: LicenseRequest, passed: boolean): string;
}

const RULES = {
  INVALID_KEY: {
    passes: (facts, request) => request.product === null || request.product === facts.product,
    because: (facts, request, passed) =>
      passed
        ? `The key belongs to a license of product '${facts.product}'.`
        : `The license is for product '${facts.product}', not '${request.product}'.`,
  },
  REVOKED: {
    passes: (facts) => facts.status !== 'revoked',
    because: (_facts, _request, passed) =>
      passed ? 'The license is not revoked.' : 'The license is revoked.',
  },
  SUSPENDED: {
    passes: (facts) => facts.status !== 'suspended',
    because: (_facts, _request, passed) =>
      passed ? 'The license is not suspended.' : 'The license is suspended.',
  },
  EXPIRED: {
    // The instant of expiry itself is already too late.
    passes: (facts, _request, now) => facts.expiresAt === null || now < facts.expiresAt,
    because: (facts, _request, passed) =>
      facts.expiresAt === null
        ? 'The license never expires.'
        : `The license ${passed ? 'expires' : 'expired'} at ${facts.expiresAt.toISOString()}.`,
  },
  VERSION_TOO_LOW: {
    passes(facts, request) {
      const floor = versionFloor(facts);
      return floor === null || request.version === null || !isBelow(request.version, floor);
    },
    because(facts, request, passed) {
      const floor = versionFloor(facts);
      if (floor === null) return 'No minimum version is set.';
      return `Version ${request.version ?? '(none)'} is ${passed ? 'not ' : ''}below the minimum ${floor}.`;
    },
  },
  UPDATES_EXPIRED: {
    // Versions that were never published are the vendor's own builds and stay usable; security fixes are for everyone.
    passes: ({ runningRelease, updatesUntil }) =>
      runningRelease === null ||
      runningRelease.security ||
      updatesUntil === null ||
      runningRelease.releasedAt <= updatesUntil,
    because({ runningRelease, updatesUntil }) {
      if (runningRelease === null) return 'This version was never published as a release.';
      if (runningRelease.security) return 'This version is a security release, which every license covers.';
      if (updatesUntil === null) return 'The license covers updates without end.';
      return `The version was released at ${runningRelease.releasedAt.toISOString()}, updates are covered until ${updatesUntil.toISOString()}.`;
    },
  },
  HARDWARE_MISMATCH: {
    passes(facts, request) {
      if (facts.hardwareBlocked || facts.cloneRefused) return false;
      if (request.action === 'activate') return true;
      if (facts.rebind === null) return facts.holdsSeat;
      return facts.rebind.previousHoldsSeat || facts.rebind.alreadyMoved;
    },
    because(facts, request, passed) {
      if (facts.hardwareBlocked) return 'The hardware is on the blocklist.';
      if (facts.cloneRefused) return 'Two machines share this seat, and the policy refuses clones.';
      if (request.action === 'activate') return 'The hardware is not on the blocklist.';
      if (facts.rebind?.alreadyMoved) return 'The seat has already made this very move.';
      const whose = facts.rebind === null ? 'The hardware' : 'The previous hardware';
      return `${whose} ${passed ? 'holds a seat' : 'holds no seat'}.`;
    },
  },
  MAX_ACTIVATIONS: {
    passes(facts) {
      if (facts.rebind !== null) {
        const { sameHardware, alreadyMoved, movesInWindow, quota } = facts.rebind;
        return sameHardware || alreadyMoved || movesInWindow < quota;
      }
      // A seat that is held stays held even when the limit was lowered below the seats in use.
      return facts.holdsSeat || facts.activeSeats - facts.staleSeats < facts.maxActivations;
    },
    because(facts) {
      if (facts.rebind !== null) {
        if (facts.rebind.sameHardware) return 'Both hardware ids are the same: nothing moves.';
        if (facts.rebind.alreadyMoved) return 'The move was made before and costs no quota again.';
        return `${facts.rebind.movesInWindow} of ${facts.rebind.quota} moves are used in the last 30 days.`;
      }
      if (facts.holdsSeat) return 'The hardware already holds a seat.';
      const stale =
        facts.staleSeats > 0 ? `, ${facts.staleSeats} of them unseen for so long that they may be taken` : '';
      return `${facts.activeSeats} of ${facts.maxActivations} seats are in use${stale}.`;
    },
  },
} as const satisfies Record<LicenseCode, Rule>;

/**
 * The license decision: the first rule of the action that fails, or `VALID`. Null facts mean that no such key exists.
 * Source of the order: the verdict table in `verdicts.ts`.
 */
export function decide(facts: LicenseFacts | null, request: LicenseRequest, now: Date): VerdictCode {
  if (facts === null) return 'INVALID_KEY';
  const rules: readonly LicenseCode[] = RULES_OF[request.action];
  return rules.find((code) => !(RULES[code] as Rule).passes(facts, request, now)) ?? 'VALID';
}

/** The same decision, told rule by rule, past the first failure too. */
export function explain(
  facts: LicenseFacts,
  request: LicenseRequest,
  now: Date,
): { verdict: VerdictCode; trace: TraceEntry[] } {
  const trace = RULES_OF[request.action].map((code) => {
    const rule: Rule = RULES[code];
    const passed = rule.passes(facts, request, now);
    return { rule: code, passed, because: rule.because(facts, request, passed) };
  });
  return { verdict: decide(facts, request, now), trace };
}
