import {
  installableReleases,
  offerUpdate,
  type ReleaseFacts,
  type UpdateRequest,
} from '../../src/domain/release-policy.js';
import { after, file, firstInstall, late, panel, release, UNTIL } from './release-examples.js';

const without = { artifacts: [] };

/** An offer in three words: latest, via, updates expired. */
function offered(
  releases: ReleaseFacts[],
  request: Partial<UpdateRequest> = {},
  updatesUntil: Date | null = UNTIL,
) {
  const offer = offerUpdate(releases, { updatesUntil }, { ...panel, ...request });
  expect(offer.offered).toBe(offer.via ?? offer.latest);
  return [offer.latest?.version ?? null, offer.via?.version ?? null, offer.updatesExpired];
}

describe('the release offered', () => {
  it.each<[string, ReleaseFacts[], Partial<UpdateRequest>, ReturnType<typeof offered>]>([
    ['nothing there', [], {}, [null, null, false]],
    ['the highest', [release('1.1.0'), release('1.10.0'), release('1.9.0')], {}, ['1.10.0', null, false]],
    ['nothing newer', [release('0.9.0'), release('1.0.0')], {}, [null, null, false]],
    ['another build of the current version', [release('1.0.0+2')], {}, [null, null, false]],
    [
      'the release of a candidate',
      [release('1.0.0')],
      { currentVersion: '1.0.0-rc.1' },
      ['1.0.0', null, false],
    ],
    ['drafts', [release('2.0.0', { status: 'draft' })], {}, [null, null, false]],
    ['yanked ones', [release('1.1.0'), release('2.0.0', { status: 'yanked' })], {}, ['1.1.0', null, false]],
    [
      'a wider channel',
      [release('1.1.0'), release('2.0.0', { channel: 'beta' })],
      {},
      ['1.1.0', null, false],
    ],
    [
      'a narrower channel',
      [release('1.2.0'), release('1.1.0', { channel: 'beta' })],
      { channel: 'alpha' },
      ['1.2.0', null, false],
    ],
    ['no rollout yet', [release('1.1.0', { rolloutPercent: 0 })], {}, [null, null, false]],
    [
      'no file for the platform',
      [release('1.1.0', { artifacts: [file('f', 'win32')] })],
      { platform: 'linux' },
      ['1.1.0', null, false],
    ],
    [
      'no file for the platform, of several',
      [release('1.1.0', without), release('1.2.0', without), release('1.3.0', { ...without, ...late })],
      {},
      ['1.2.0', null, true],
    ],
    [
      'no file for the platform but in what the updates window hides',
      [release('1.1.0', without), release('1.2.0', late)],
      {},
      ['1.1.0', null, true],
    ],
    [
      'the newest without a file for the platform',
      [release('1.1.0'), release('1.2.0', { artifacts: [file('f', 'win32')] })],
      { platform: 'linux' },
      ['1.1.0', null, false],
    ],
  ])('%s', (_name, releases, request, expected) => {
    expect(offered(releases, request)).toEqual(expected);
  });

  it.each<[string, ReleaseFacts[], ReturnType<typeof offered>]>([
    ['released at the last instant', [release('1.1.0', { releasedAt: UNTIL })], ['1.1.0', null, false]],
    [
      'released a millisecond later',
      [release('1.1.0', { releasedAt: new Date(+UNTIL + 1) })],
      [null, null, true],
    ],
    ['the newest released later', [release('1.1.0'), release('1.2.0', late)], ['1.1.0', null, true]],
    ['released later, for security', [release('1.1.0', { ...late, security: true })], ['1.1.0', null, false]],
    ['an older one released later', [release('1.1.0', late), release('1.2.0')], ['1.2.0', null, false]],
    [
      'the newest released later and hidden by its channel too',
      [release('1.1.0'), release('1.2.0', { ...late, channel: 'beta' })],
      ['1.1.0', null, false],
    ],
    [
      'released later and out of reach too',
      [release('2.0.0', { ...late, ...after('1.5.0') })],
      [null, null, false],
    ],
    [
      'only the stepping stone released later',
      [release('1.5.0', late), release('2.0.0', after('1.5.0'))],
      [null, null, true],
    ],
    [
      'another build of the newest released later',
      [release('1.1.0+1'), release('1.1.0+2', late)],
      ['1.1.0+1', null, false],
    ],
  ])('of an updates window: %s', (_name, releases, expected) => {
    expect(offered(releases)).toEqual(expected);
  });

  it('is any when updates never end', () => {
    expect(offered([release('1.1.0', late)], {}, null)).toEqual(['1.1.0', null, false]);
  });

  it('is, of two builds of one version, the one released later', () => {
    const builds = [release('1.1.0+1'), release('1.1.0+2', late), release('1.1.0+3', { releasedAt: UNTIL })];
    expect(offered(builds, {}, null)).toEqual(['1.1.0+2', null, false]);
  });

  it.each<[string, ReleaseFacts[], ReturnType<typeof offered>]>([
    ['the minimum is the current version', [release('2.0.0', after('1.0.0'))], ['2.0.0', null, false]],
    ['nothing reaches the newest', [release('2.0.0', after('1.5.0'))], [null, null, false]],
    [
      'what is below the newest',
      [release('1.2.0'), release('2.0.0', after('1.5.0'))],
      ['1.2.0', null, false],
    ],
    ['one stone', [release('1.5.0'), release('2.0.0', after('1.5.0'))], ['2.0.0', '1.5.0', false]],
    [
      'the highest of several stones',
      [release('1.5.0'), release('1.7.0'), release('1.6.0'), release('2.0.0', after('1.5.0'))],
      ['2.0.0', '1.7.0', false],
    ],
    [
      'two stones, of which the first is named',
      [release('1.5.0'), release('2.0.0', after('1.5.0')), release('3.0.0', after('2.0.0'))],
      ['3.0.0', '1.5.0', false],
    ],
    [
      'a stone that leads to a stone below the end',
      [release('1.5.0'), release('2.0.0', after('1.2.0')), release('3.0.0', after('4.0.0'))],
      ['2.0.0', '1.5.0', false],
    ],
    [
      'a candidate of the minimum is no stone',
      [release('2.0.0-rc.1'), release('3.0.0', after('2.0.0'))],
      ['2.0.0-rc.1', null, false],
    ],
    [
      'a yanked stone',
      [release('1.5.0', { status: 'yanked' }), release('2.0.0', after('1.5.0'))],
      [null, null, false],
    ],
    [
      'a stone without a file',
      [release('1.5.0', without), release('2.0.0', after('1.5.0'))],
      ['2.0.0', '1.5.0', false],
    ],
    [
      'a stone without a file above one with a file',
      [release('1.5.0'), release('1.6.0', without), release('2.0.0', after('1.5.0'))],
      ['2.0.0', '1.5.0', false],
    ],
  ])('over stepping stones: %s', (_name, releases, expected) => {
    expect(offered(releases)).toEqual(expected);
  });

  it('comes without a file only where no way begins with one', () => {
    const bareRelease = release('1.2.0', without);
    const endless = { updatesUntil: null };
    expect(offerUpdate([release('1.1.0'), bareRelease], endless, panel).artifact?.id).toBe('file of 1.1.0');
    const bare = offerUpdate([bareRelease], endless, panel);
    expect([bare.offered?.version, bare.artifact]).toEqual(['1.2.0', null]);
  });

  it('comes with its file', () => {
    const releases = [
      release('1.5.0', { artifacts: [file('any'), file('linux', 'linux')] }),
      release('2.0.0', after('1.5.0')),
    ];
    expect(offerUpdate(releases, { updatesUntil: null }, { ...panel, platform: 'linux' }).artifact?.id).toBe(
      'linux',
    );
  });

  it.each<[string, ReleaseFacts[], ReturnType<typeof offered>]>([
    [
      'the highest, whatever it upgrades from',
      [release('1.0.0'), release('3.0.0', after('2.0.0'))],
      ['3.0.0', null, false],
    ],
    [
      'nothing that is still rolled out',
      [release('1.0.0'), release('1.1.0', { rolloutPercent: 99 })],
      ['1.0.0', null, false],
    ],
    ['nothing after the updates window', [release('1.0.0'), release('1.1.0', late)], ['1.0.0', null, true]],
  ])('to a first installation: %s', (_name, releases, expected) => {
    expect(offered(releases, firstInstall)).toEqual(expected);
  });
});

const installable = (releases: ReleaseFacts[], channel: 'stable' | 'beta' = 'stable') =>
  installableReleases(releases, { updatesUntil: UNTIL }, channel).map(({ version }) => version);

describe('what can be installed where no panel is yet', () => {
  it('is what the license covers, the newest first, whatever it could be upgraded from', () =>
    expect(
      installable([
        release('1.0.0'),
        release('1.10.0', after('1.9.0')),
        release('2.0.0', late),
        release('1.9.0'),
        release('2.0.1', { ...late, security: true }),
      ]),
    ).toEqual(['2.0.1', '1.10.0', '1.9.0', '1.0.0']));

  it('is what is published in the channel and given to everyone', () => {
    const releases = [
      release('1.0.0'),
      release('1.1.0', { status: 'draft' }),
      release('1.2.0', { status: 'yanked' }),
      release('1.3.0', { rolloutPercent: 99 }),
      release('1.4.0', { channel: 'beta' }),
    ];
    expect(installable(releases)).toEqual(['1.0.0']);
    expect(installable(releases, 'beta')).toEqual(['1.4.0', '1.0.0']);
  });
});
