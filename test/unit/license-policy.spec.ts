import { decide, explain, type LicenseFacts } from '../../src/domain/license-policy.js';
import { RULES_OF, VERDICTS, type LicenseAction, type LicenseCode } from '../../src/domain/verdicts.js';
import { asked, LATER, NOW, sound } from './license-examples.js';

const ACTIONS = Object.keys(RULES_OF) as LicenseAction[];
const CODES = Object.keys(VERDICTS) as LicenseCode[];

/** What breaks one rule and no other, whatever the action. */
const BREAKS: Record<LicenseCode, (facts: LicenseFacts) => Partial<LicenseFacts>> = {
  INVALID_KEY: () => ({ product: 'another' }),
  REVOKED: () => ({ status: 'revoked' }),
  SUSPENDED: () => ({ status: 'suspended' }),
  EXPIRED: () => ({ expiresAt: NOW }),
  VERSION_TOO_LOW: () => ({ floors: { product: null, policy: '1.0.1', license: null } }),
  UPDATES_EXPIRED: () => ({ runningRelease: { releasedAt: LATER, security: false } }),
  HARDWARE_MISMATCH: () => ({ hardwareBlocked: true }),
  MAX_ACTIVATIONS: ({ rebind }) =>
    rebind === null ? { activeSeats: 2 } : { rebind: { ...rebind, movesInWindow: 3 } },
};

const broken = (action: LicenseAction, ...codes: LicenseCode[]): LicenseFacts => {
  const facts = sound(action);
  return Object.assign({}, facts, ...codes.map((code) => BREAKS[code](facts)));
};

/** A license is revoked or suspended, never both at once. */
const canBothFail = (a: LicenseCode, b: LicenseCode) => !(a === 'REVOKED' && b === 'SUSPENDED');

describe('a verdict', () => {
  it.each(ACTIONS)('is VALID when nothing is wrong with %s', (action) => {
    expect(decide(sound(action), asked(action), NOW)).toBe('VALID');
  });

  it.each(ACTIONS)('is INVALID_KEY for %s when there is no such key', (action) => {
    expect(decide(null, asked(action), NOW)).toBe('INVALID_KEY');
  });

  it.each(ACTIONS.flatMap((action) => CODES.map((code) => [action, code] as const)))(
    'on %s is %s when that alone fails, if the action looks at it',
    (action, code) => {
      const looksAt: readonly LicenseCode[] = RULES_OF[action];
      expect(decide(broken(action, code), asked(action), NOW)).toBe(looksAt.includes(code) ? code : 'VALID');
    },
  );

  const pairs = ACTIONS.flatMap((action) => {
    const rules: readonly LicenseCode[] = RULES_OF[action];
    return rules.flatMap((first, i) =>
      rules
        .slice(i + 1)
        .filter((second) => canBothFail(first, second))
        .map((second) => [action, first, second] as const),
    );
  });

  it.each(pairs)('on %s is %s even when %s fails too', (action, first, second) => {
    expect(decide(broken(action, first, second), asked(action), NOW)).toBe(first);
  });

  it.each(ACTIONS)('on %s follows the numbers of the table', (action) => {
    const numbers = RULES_OF[action].map((code) => VERDICTS[code].rule);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });
});

describe('the rules an action looks at', () => {
  it.each<[LicenseAction, number[]]>([
    ['activate', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['validate', [1, 2, 3, 4, 5, 6, 7]],
    ['deactivate', [1, 2, 7]],
    ['rebind', [1, 2, 3, 4, 5, 6, 7, 8]],
    ['update', [1, 2, 3, 4, 7]],
    ['install', [1, 2, 3, 4]],
  ])('for %s are %j', (action, numbers) => {
    expect(RULES_OF[action].map((code) => VERDICTS[code].rule)).toEqual(numbers);
  });

  it('leave an expired, suspended, outdated panel its way out', () => {
    const facts = broken(
      'deactivate',
      'SUSPENDED',
      'EXPIRED',
      'VERSION_TOO_LOW',
      'UPDATES_EXPIRED',
      'MAX_ACTIVATIONS',
    );
    expect(decide(facts, asked('deactivate', { version: null }), NOW)).toBe('VALID');
  });
});

describe('an explanation', () => {
  it.each(ACTIONS)('of %s has an entry for each of its rules, in order', (action) => {
    const { verdict, trace } = explain(sound(action), asked(action), NOW);
    expect(verdict).toBe('VALID');
    expect(trace.map(({ rule }) => rule)).toEqual(RULES_OF[action]);
    expect(trace.filter(({ passed, because }) => !passed || !/^[A-Z0-9].*\.$/.test(because))).toEqual([]);
  });

  it.each(ACTIONS)('of %s goes on past the first failure', (action) => {
    const rules: readonly LicenseCode[] = RULES_OF[action];
    const failing = rules.filter((code) => code !== 'SUSPENDED');
    const { verdict, trace } = explain(broken(action, ...failing), asked(action), NOW);
    expect(verdict).toBe('INVALID_KEY');
    expect(trace.filter(({ passed }) => !passed).map(({ rule }) => rule)).toEqual(failing);
    expect(trace.map(({ rule }) => rule)).toEqual(rules);
  });

  it('agrees with the decision at any moment, the future included', () => {
    for (const [at, verdict] of [
      [new Date(+LATER - 1), 'VALID'],
      [LATER, 'EXPIRED'],
      [new Date('2126-01-01T00:00:00Z'), 'EXPIRED'],
    ] as const) {
      expect(explain(sound('validate'), asked('validate'), at).verdict).toBe(verdict);
      expect(decide(sound('validate'), asked('validate'), at)).toBe(verdict);
    }
  });
});
