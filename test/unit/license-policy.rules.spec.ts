import {
  explain,
  versionFloor,
  type LicenseFacts,
  type LicenseRequest,
  type RebindFacts,
} from '../../src/domain/license-policy.js';
import type { LicenseAction, LicenseCode } from '../../src/domain/verdicts.js';
import { asked, EARLIER, LATER, moving, NOW, sound } from './license-examples.js';

/** One rule's entry in the trace, with `facts` and `request` on top of a sound validate (or another action). */
function told(
  rule: LicenseCode,
  facts: Partial<LicenseFacts>,
  request: Partial<LicenseRequest> & { action?: LicenseAction } = {},
) {
  const action = request.action ?? 'validate';
  const entry = explain({ ...sound(action), ...facts }, asked(action, request), NOW).trace.find(
    (candidate) => candidate.rule === rule,
  );
  return [entry?.passed, entry?.because];
}

const floors = (product: string | null, policy: string | null, license: string | null) => ({
  floors: { product, policy, license },
});
const releasedAt = (at: Date, security = false) => ({ releasedAt: at, security });
const BLOCKED = 'The hardware is on the blocklist.';
const CLONED = 'Two machines share this seat, and the policy refuses clones.';
const rebind = (facts: Partial<RebindFacts>) => ({ rebind: { ...moving, ...facts } });

describe('each rule, at its boundaries', () => {
  it.each<[string, Partial<LicenseFacts>, Partial<LicenseRequest>, boolean, string]>([
    ['no product named', {}, { product: null }, true, "The key belongs to a license of product 'panel'."],
    ['its own product', {}, { product: 'panel' }, true, "The key belongs to a license of product 'panel'."],
    ['another product', {}, { product: 'mail' }, false, "The license is for product 'panel', not 'mail'."],
  ])('INVALID_KEY: %s', (_name, facts, request, passed, because) => {
    expect(told('INVALID_KEY', facts, request)).toEqual([passed, because]);
  });

  it.each<[LicenseCode, LicenseFacts['status'], boolean, string]>([
    ['REVOKED', 'active', true, 'The license is not revoked.'],
    ['REVOKED', 'suspended', true, 'The license is not revoked.'],
    ['REVOKED', 'revoked', false, 'The license is revoked.'],
    ['SUSPENDED', 'active', true, 'The license is not suspended.'],
    ['SUSPENDED', 'revoked', true, 'The license is not suspended.'],
    ['SUSPENDED', 'suspended', false, 'The license is suspended.'],
  ])('%s: a license that is %s', (rule, status, passed, because) => {
    expect(told(rule, { status })).toEqual([passed, because]);
  });

  it.each<[string, Date | null, boolean, string]>([
    ['never', null, true, 'The license never expires.'],
    ['a millisecond from now', new Date(+NOW + 1), true, 'The license expires at 2026-06-01T12:00:00.001Z.'],
    ['now', new Date(NOW), false, 'The license expired at 2026-06-01T12:00:00.000Z.'],
    ['earlier', EARLIER, false, 'The license expired at 2026-05-31T12:00:00.000Z.'],
  ])('EXPIRED: expires %s', (_name, expiresAt, passed, because) => {
    expect(told('EXPIRED', { expiresAt })).toEqual([passed, because]);
  });

  it.each<[string | null, ReturnType<typeof floors>, boolean, string]>([
    ['0.0.1', floors(null, null, null), true, 'No minimum version is set.'],
    ['1.0.0', floors('1.0.0', null, null), true, 'Version 1.0.0 is not below the minimum 1.0.0.'],
    ['1.0.0+7', floors('1.0.0', null, null), true, 'Version 1.0.0+7 is not below the minimum 1.0.0.'],
    ['1.0.0-rc.1', floors('1.0.0', null, null), false, 'Version 1.0.0-rc.1 is below the minimum 1.0.0.'],
    ['1.5.0', floors('1.0.0', '1.4.0', '1.5.1'), false, 'Version 1.5.0 is below the minimum 1.5.1.'],
    ['1.5.0', floors('1.0.0', '1.5.1', '1.4.0'), false, 'Version 1.5.0 is below the minimum 1.5.1.'],
    ['1.5.0', floors('1.5.1', '1.4.0', '1.0.0'), false, 'Version 1.5.0 is below the minimum 1.5.1.'],
    ['1.9.0', floors(null, '1.10.0', null), false, 'Version 1.9.0 is below the minimum 1.10.0.'],
    [null, floors('1.0.0', null, null), true, 'Version (none) is not below the minimum 1.0.0.'],
  ])('VERSION_TOO_LOW: %s under %j', (version, facts, passed, because) => {
    expect(told('VERSION_TOO_LOW', facts, { version })).toEqual([passed, because]);
  });

  it.each([
    [null, null, null, null],
    ['1.0.0', null, null, '1.0.0'],
    ['1.0.0', '2.0.0', '1.9.9', '2.0.0'],
    ['1.0.0', '2.0.0-rc.1', '2.0.0', '2.0.0'],
  ])('the floor of %s, %s and %s is %s', (product, policy, license, floor) => {
    expect(versionFloor(floors(product, policy, license))).toBe(floor);
  });

  it.each<[string, Partial<LicenseFacts>, boolean, string]>([
    ['never published', { runningRelease: null }, true, 'This version was never published as a release.'],
    [
      'a security release',
      { runningRelease: releasedAt(LATER, true) },
      true,
      'This version is a security release, which every license covers.',
    ],
    [
      'updates without end',
      { runningRelease: releasedAt(LATER), updatesUntil: null },
      true,
      'The license covers updates without end.',
    ],
    [
      'released at the last instant',
      { runningRelease: releasedAt(NOW) },
      true,
      'The version was released at 2026-06-01T12:00:00.000Z, updates are covered until 2026-06-01T12:00:00.000Z.',
    ],
    [
      'released a millisecond later',
      { runningRelease: releasedAt(new Date(+NOW + 1)) },
      false,
      'The version was released at 2026-06-01T12:00:00.001Z, updates are covered until 2026-06-01T12:00:00.000Z.',
    ],
  ])('UPDATES_EXPIRED: %s', (_name, facts, passed, because) => {
    expect(told('UPDATES_EXPIRED', facts)).toEqual([passed, because]);
  });

  it.each<[LicenseAction, string, Partial<LicenseFacts>, boolean, string]>([
    ['activate', 'without a seat', {}, true, 'The hardware is not on the blocklist.'],
    ['activate', 'blocked', { hardwareBlocked: true }, false, BLOCKED],
    ['activate', 'a clone', { cloneRefused: true }, false, CLONED],
    ['validate', 'with a seat', {}, true, 'The hardware holds a seat.'],
    ['validate', 'without a seat', { holdsSeat: false }, false, 'The hardware holds no seat.'],
    ['validate', 'with a seat, blocked', { hardwareBlocked: true }, false, BLOCKED],
    ['validate', 'with a seat, a clone', { cloneRefused: true }, false, CLONED],
    ['deactivate', 'with a seat', {}, true, 'The hardware holds a seat.'],
    ['deactivate', 'without a seat', { holdsSeat: false }, false, 'The hardware holds no seat.'],
    ['deactivate', 'blocked', { hardwareBlocked: true }, false, BLOCKED],
    ['update', 'with a seat', {}, true, 'The hardware holds a seat.'],
    ['update', 'without a seat', { holdsSeat: false }, false, 'The hardware holds no seat.'],
    ['update', 'blocked', { hardwareBlocked: true }, false, BLOCKED],
    ['rebind', 'from a seat', { holdsSeat: false }, true, 'The previous hardware holds a seat.'],
    [
      'rebind',
      'from no seat',
      rebind({ previousHoldsSeat: false }),
      false,
      'The previous hardware holds no seat.',
    ],
    [
      'rebind',
      'sent again',
      rebind({ previousHoldsSeat: false, alreadyMoved: true }),
      true,
      'The seat has already made this very move.',
    ],
    ['rebind', 'to blocked hardware', { hardwareBlocked: true }, false, BLOCKED],
    [
      'rebind',
      'sent again, by now blocked',
      { hardwareBlocked: true, ...rebind({ previousHoldsSeat: false, alreadyMoved: true }) },
      false,
      BLOCKED,
    ],
  ])('HARDWARE_MISMATCH on %s: %s', (action, _name, facts, passed, because) => {
    expect(told('HARDWARE_MISMATCH', facts, { action })).toEqual([passed, because]);
  });

  it.each<[LicenseAction, string, Partial<LicenseFacts>, boolean, string]>([
    ['activate', 'one seat free', {}, true, '1 of 2 seats are in use.'],
    ['activate', 'no seat free', { activeSeats: 2 }, false, '2 of 2 seats are in use.'],
    ['activate', 'more in use than allowed', { activeSeats: 9 }, false, '9 of 2 seats are in use.'],
    ['activate', 'none allowed', { maxActivations: 0, activeSeats: 0 }, false, '0 of 0 seats are in use.'],
    [
      'activate',
      'holding one above the lowered limit',
      { activeSeats: 9, holdsSeat: true },
      true,
      'The hardware already holds a seat.',
    ],
    [
      'activate',
      'as many stale as it takes',
      { activeSeats: 3, staleSeats: 2 },
      true,
      '3 of 2 seats are in use, 2 of them unseen for so long that they may be taken.',
    ],
    [
      'activate',
      'one stale too few',
      { activeSeats: 3, staleSeats: 1 },
      false,
      '3 of 2 seats are in use, 1 of them unseen for so long that they may be taken.',
    ],
    [
      'rebind',
      'quota left',
      rebind({ movesInWindow: 2 }),
      true,
      '2 of 3 moves are used in the last 30 days.',
    ],
    [
      'rebind',
      'quota used up',
      rebind({ movesInWindow: 3 }),
      false,
      '3 of 3 moves are used in the last 30 days.',
    ],
    [
      'rebind',
      'all seats in use',
      { activeSeats: 2, holdsSeat: false },
      true,
      '0 of 3 moves are used in the last 30 days.',
    ],
    [
      'rebind',
      'equal ids, quota used up',
      rebind({ sameHardware: true, movesInWindow: 3 }),
      true,
      'Both hardware ids are the same: nothing moves.',
    ],
    [
      'rebind',
      'sent again, quota used up by the first',
      rebind({ alreadyMoved: true, previousHoldsSeat: false, movesInWindow: 3 }),
      true,
      'The move was made before and costs no quota again.',
    ],
  ])('MAX_ACTIVATIONS on %s: %s', (action, _name, facts, passed, because) => {
    expect(told('MAX_ACTIVATIONS', facts, { action })).toEqual([passed, because]);
  });
});
