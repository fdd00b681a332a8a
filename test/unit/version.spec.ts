import {
  compareVersions,
  highestVersion,
  isBelow,
  isVersion,
  withoutBuild,
} from '../../src/domain/version.js';

/** Examples of semver.org's own test suite, and the edges this service adds. */
const VALID = [
  '0.0.0',
  '0.0.4',
  '1.2.3',
  '10.20.30',
  '1.1.2-prerelease+meta',
  '1.1.2+meta',
  '1.0.0-alpha.beta.1',
  '1.0.0-alpha.0valid',
  '1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay',
  '1.0.0-rc.1+build.123',
  '1.2.3----RC-SNAPSHOT.12.9.1--.12+788',
  '1.2.3----R-S.12.9.1--.12',
  '1.0.0+0.build.1-rc.10000aaa-kk-0.1',
  '1.0.0-0A.is.legal',
  '1.0.0+001',
  `${Number.MAX_SAFE_INTEGER}.0.0`,
  `1.0.0-${Number.MAX_SAFE_INTEGER}`,
  `1.0.0+${'9'.repeat(30)}`,
  `1.0.0-${'9'.repeat(30)}a`,
  `1.0.0+${'a'.repeat(250)}`,
];

const INVALID = [
  '',
  '1',
  '1.2',
  '1.2.3.4',
  'v1.2.3',
  '=1.2.3',
  ' 1.2.3',
  '1.2.3 ',
  '1.2.3\n',
  '1.2.3\u0000',
  '01.1.1',
  '1.01.1',
  '1.1.01',
  '-1.0.0',
  '1.2.3-',
  '1.2.3+',
  '1.2.3-0123',
  '1.2.3-a..b',
  '1.2.3-a.01',
  '1.2.3+a+b',
  '1.2.3-a_b',
  '1.2.3-ä',
  '\uff11.2.3', // a full-width digit
  '1.2.x',
  'latest',
  '9007199254740992.0.0',
  '0.9007199254740992.0',
  '0.0.9007199254740992',
  '1.0.0-rc.9007199254740992',
  `1.0.0+${'a'.repeat(251)}`,
  '1'.repeat(10_000),
];

describe('isVersion', () => {
  it.each(VALID)('accepts %j', (version) => {
    expect(isVersion(version)).toBe(true);
  });

  it.each(INVALID)('refuses %j', (version) => {
    expect(isVersion(version)).toBe(false);
  });

  it('accepts nothing that the comparison can not read', () => {
    expect(() => VALID.map((version) => compareVersions(version, version))).not.toThrow();
  });
});

describe('compareVersions', () => {
  /** Ascending, as in the specification's section 11, and with numbers as large as they may be. */
  const ASCENDING = [
    '0.9.9',
    '1.0.0-9007199254740990',
    '1.0.0-9007199254740991',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.10',
    '1.2.0',
    '2.0.0',
    '9007199254740990.0.0',
    '9007199254740991.0.0',
  ];

  it('orders by precedence', () => {
    for (const [i, a] of ASCENDING.entries()) {
      for (const [j, b] of ASCENDING.entries()) {
        expect([a, b, Math.sign(compareVersions(a, b))]).toEqual([a, b, Math.sign(i - j)]);
      }
    }
  });

  it('ignores build metadata', () => {
    expect(compareVersions('1.0.0+1', '1.0.0+2')).toBe(0);
  });
});

describe('isBelow', () => {
  it.each([
    ['1.0.0-rc.1', '1.0.0', true],
    ['1.0.0', '1.0.0', false],
    ['1.0.0+9', '1.0.0', false],
    ['1.0.0', '1.0.0+9', false],
    ['1.0.1', '1.0.0', false],
    ['0.0.1', null, false],
  ])('%s under the floor %s: %s', (version, floor, expected) => {
    expect(isBelow(version, floor)).toBe(expected);
  });
});

describe('highestVersion', () => {
  it.each([
    [[], null],
    [[null, null], null],
    [[null, '1.0.0', null], '1.0.0'],
    [['1.9.0', '1.10.0', '1.10.0-rc.1'], '1.10.0'],
    [['2.0.0', null, '1.0.0'], '2.0.0'],
    [['1.0.0+a', '1.0.0+b'], '1.0.0+a'],
  ])('of %j is %j', (versions, expected) => {
    expect(highestVersion(...versions)).toBe(expected);
  });
});

describe('withoutBuild', () => {
  it.each([
    ['1.0.0', '1.0.0'],
    ['1.0.0-rc.1+build.5', '1.0.0-rc.1'],
    ['1.0.0+a-b.c', '1.0.0'],
  ])('of %s is %s', (version, expected) => {
    expect(withoutBuild(version)).toBe(expected);
  });
});
