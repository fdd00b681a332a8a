import type { LicenseFacts, LicenseRequest, RebindFacts } from '../../src/domain/license-policy.js';
import type { LicenseAction } from '../../src/domain/verdicts.js';

export const NOW = new Date('2026-06-01T12:00:00.000Z');
export const EARLIER = new Date('2026-05-31T12:00:00.000Z');
export const LATER = new Date('2026-06-02T12:00:00.000Z');
export const moving: RebindFacts = {
  sameHardware: false,
  previousHoldsSeat: true,
  alreadyMoved: false,
  movesInWindow: 0,
  quota: 3,
};

/** A license on which nothing is wrong, as an action sees it. */
export const sound = (action: LicenseAction): LicenseFacts => ({
  status: 'active',
  product: 'panel',
  expiresAt: LATER,
  updatesUntil: NOW,
  maxActivations: 2,
  floors: { product: '1.0.0', policy: null, license: null },
  runningRelease: { releasedAt: EARLIER, security: false },
  hardwareBlocked: false,
  holdsSeat: action !== 'activate',
  cloneRefused: false,
  activeSeats: 1,
  staleSeats: 0,
  rebind: action === 'rebind' ? moving : null,
});

export const asked = (action: LicenseAction, request: Partial<LicenseRequest> = {}): LicenseRequest => ({
  action,
  version: '1.0.0',
  product: 'panel',
  ...request,
});
