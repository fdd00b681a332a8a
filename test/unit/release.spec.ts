import { channelIncludes, inRollout, isRolledOutTo, type Channel } from '../../src/domain/release.js';

const HARDWARE = Array.from({ length: 10_000 }, (_, i) => i.toString(16).padStart(64, '0'));
const included = (releaseId: string, percent: number) =>
  HARDWARE.filter((id) => inRollout(releaseId, id, percent));

describe('a rollout', () => {
  it.each([1, 10, 25, 50, 75, 90, 99])(
    'of %i per cent includes about that many of 10,000 panels',
    (percent) => {
      expect(Math.abs(included('release', percent).length / 100 - percent)).toBeLessThan(2);
    },
  );

  it('of nothing includes nobody, of everything everybody', () => {
    expect(included('release', 0)).toEqual([]);
    expect(included('release', 100)).toEqual(HARDWARE);
  });

  it('only grows', () => {
    for (let percent = 1; percent <= 100; percent++) {
      const before = HARDWARE.slice(0, 500).filter((id) => inRollout('release', id, percent - 1));
      expect(before.filter((id) => !inRollout('release', id, percent))).toEqual([]);
    }
  });

  it('begins with other panels for every release', () => {
    const both = new Set(included('one', 10));
    const again = included('other', 10).filter((id) => both.has(id));
    expect(again.length).toBeGreaterThan(50);
    expect(again.length).toBeLessThan(150);
  });

  // Another hash would move every panel in the middle of a rollout.
  it.each([
    ['a', 49],
    ['b', 51],
    ['c', 94],
    ['d', 72],
  ])('puts %s… into bucket %i for good', (character, bucket) => {
    const hardwareId = character.repeat(64);
    expect(inRollout('r', hardwareId, bucket)).toBe(false);
    expect(inRollout('r', hardwareId, bucket + 1)).toBe(true);
  });

  it.each([
    [99, false],
    [100, true],
  ])('of %i per cent for a panel that is not there yet: %s', (rolloutPercent, expected) => {
    expect(isRolledOutTo({ id: 'r', rolloutPercent }, null)).toBe(expected);
  });
});

describe('a channel', () => {
  it.each<[Channel, Channel[]]>([
    ['stable', ['stable']],
    ['beta', ['stable', 'beta']],
    ['alpha', ['stable', 'beta', 'alpha']],
  ])('%s sees %j', (asked, seen) => {
    const all: Channel[] = ['stable', 'beta', 'alpha'];
    expect(all.filter((channel) => channelIncludes(asked, channel))).toEqual(seen);
  });
});
