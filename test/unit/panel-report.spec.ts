import { followedBy, seenAfter, toldOf } from '../../src/licenses/panel-report.js';

const NOTHING = { version: '1.0.0', hostname: null, platform: null, arch: null, usage: null, address: null };
const ALL = {
  version: '1.1.0',
  hostname: 'a.example.test',
  platform: 'linux',
  arch: 'x64',
  usage: { accounts: 1 },
  address: '192.0.2.1',
};
const OTHER = {
  version: '1.2.0',
  hostname: 'b.example.test',
  platform: 'freebsd',
  arch: 'arm64',
  usage: {},
  address: '192.0.2.2',
};
const sighting = (report: typeof ALL | typeof NOTHING, customerId: string | null) => ({
  seatId: 'seat',
  customerId,
  now: new Date(report.version === '1.1.0' ? 1_000 : 2_000),
  report,
});

describe('what a panel tells after what it told before', () => {
  it('is the later of what both told, and the earlier where the later told nothing', () => {
    expect(followedBy(ALL, OTHER)).toEqual(OTHER);
    expect(followedBy(ALL, NOTHING)).toEqual({ ...ALL, version: '1.0.0' });
    expect(followedBy(NOTHING, ALL)).toEqual(ALL);
    expect(followedBy(undefined, ALL)).toEqual(ALL);
  });

  it('keeps names of the customer who has the license, and of no other', () => {
    expect(toldOf(sighting(ALL, 'a'), 'a')).toEqual(ALL);
    expect(toldOf(sighting(ALL, null), null)).toEqual(ALL);
    const nameless = { ...ALL, hostname: null, address: null };
    for (const [former, now] of [
      ['a', 'b'],
      ['a', null],
      [null, 'b'],
    ] as const)
      expect(toldOf(sighting(ALL, former), now)).toEqual(nameless);
  });

  it('is told of the later call, with the names of its own customer', () => {
    expect(seenAfter(sighting(ALL, 'a'), sighting(NOTHING, 'a'))).toEqual({
      ...sighting(NOTHING, 'a'),
      report: { ...ALL, version: '1.0.0' },
    });
    expect(seenAfter(sighting(ALL, 'a'), sighting(NOTHING, 'b'))).toEqual({
      ...sighting(NOTHING, 'b'),
      report: { ...ALL, version: '1.0.0', hostname: null, address: null },
    });
  });
});
