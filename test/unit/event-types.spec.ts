import {
  EVENT_PATTERNS,
  EVENT_TYPES,
  hears,
  isEventType,
  patternsFor,
  type EventType,
} from '../../src/domain/event-types.js';

describe('a subscription', () => {
  it.each<[readonly string[], EventType, boolean]>([
    [['*'], 'license.created', true],
    [['*'], 'ping', true],
    [['license.*'], 'license.created', true],
    [['license.*'], 'license.key_rotated', true],
    [['license.*'], 'activation.created', false],
    [['license.*'], 'ping', false],
    [['license.created'], 'license.created', true],
    [['license.created'], 'license.revoked', false],
    [['ping'], 'ping', true],
    [['version.yanked', 'activation.*'], 'activation.refused', true],
    [['version.yanked', 'activation.*'], 'version.yanked', true],
    [['version.yanked', 'activation.*'], 'version.published', false],
    [[], 'license.created', false],
    // A pattern is no regular expression and no prefix of a name.
    [['license'], 'license.created', false],
    [['license.c*'], 'license.created', false],
    [['.*'], 'license.created', false],
  ])('to %j hears of %s: %s', (patterns, type, expected) => {
    expect(hears(patterns, type)).toBe(expected);
  });

  it('can name nothing that hears of no event', () => {
    const useless = EVENT_PATTERNS.filter((pattern) => !EVENT_TYPES.some((type) => hears([pattern], type)));
    expect(useless).toEqual([]);
    expect(EVENT_PATTERNS).toEqual(expect.arrayContaining(EVENT_TYPES.flatMap(patternsFor)));
    expect(new Set(EVENT_PATTERNS).size).toBe(EVENT_PATTERNS.length);
  });
});

describe('an event type', () => {
  it('is one of those listed', () => {
    expect(isEventType('customer.created')).toBe(true);
    expect(isEventType('customer.updated')).toBe(false);
    expect(isEventType('constructor')).toBe(false);
  });
});
