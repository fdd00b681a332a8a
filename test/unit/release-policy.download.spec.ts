import {
  resolveDownload,
  type DownloadRefusal,
  type ReleaseFacts,
  type UpdateRequest,
} from '../../src/domain/release-policy.js';
import { after, file, firstInstall, late, panel, release, UNTIL } from './release-examples.js';

/** A decision in one word: the version, or why not. */
function resolved(releases: ReleaseFacts[], request: Partial<UpdateRequest> = {}): string {
  const decision = resolveDownload(releases, { updatesUntil: UNTIL }, { ...panel, ...request });
  return decision.ok ? `${decision.release.version}, ${decision.artifact.id}` : decision.reason;
}

describe('a download of a named version', () => {
  const RELEASES = [
    release('0.9.0'),
    release('1.0.0+7'),
    release('1.1.0', { rolloutPercent: 0 }),
    release('1.2.0-beta.1', { channel: 'beta' }),
    release('1.3.0', { status: 'draft' }),
    release('1.4.0', { status: 'yanked' }),
    release('1.4.0+again'),
    release('1.5.0', late),
    release('1.6.0', { ...late, security: true }),
    release('2.0.0', after('1.5.0')),
    release('2.1.0', { artifacts: [file('f', 'win32')] }),
  ];

  it.each<[string, Partial<UpdateRequest>, string]>([
    ['0.9.0', {}, '0.9.0, file of 0.9.0'],
    ['1.0.0', {}, '1.0.0+7, file of 1.0.0+7'],
    ['1.0.0+8', {}, '1.0.0+7, file of 1.0.0+7'],
    ['1.1.0', {}, '1.1.0, file of 1.1.0'],
    ['1.1.0', firstInstall, '1.1.0, file of 1.1.0'],
    ['1.2.0-beta.1', {}, 'VERSION_NOT_FOUND'],
    ['1.2.0-beta.1', { channel: 'beta' }, '1.2.0-beta.1, file of 1.2.0-beta.1'],
    ['1.2.0-beta.1', { channel: 'alpha' }, '1.2.0-beta.1, file of 1.2.0-beta.1'],
    ['1.3.0', {}, 'VERSION_NOT_FOUND'],
    ['1.4.0', {}, '1.4.0+again, file of 1.4.0+again'],
    ['1.5.0', {}, 'UPDATES_EXPIRED'],
    ['1.6.0', {}, '1.6.0, file of 1.6.0'],
    ['2.0.0', {}, 'VERSION_TOO_LOW'],
    ['2.0.0', { currentVersion: '1.5.0' }, '2.0.0, file of 2.0.0'],
    ['2.0.0', { currentVersion: '3.0.0' }, '2.0.0, file of 2.0.0'],
    ['2.0.0', firstInstall, '2.0.0, file of 2.0.0'],
    ['2.1.0', { platform: 'linux' }, 'ARTIFACT_NOT_FOUND'],
    ['9.9.9', {}, 'VERSION_NOT_FOUND'],
  ])('%s for %j: %s', (version, request, expected) => {
    expect(resolved(RELEASES, { ...request, version })).toBe(expected);
  });

  it('is refused by the first rule that fails', () => {
    const nothingRight: Partial<ReleaseFacts> = {
      status: 'draft',
      ...late,
      ...after('2.0.0'),
      artifacts: [],
    };
    const repairs: [Partial<ReleaseFacts>, DownloadRefusal][] = [
      [{}, 'VERSION_NOT_FOUND'],
      [{ status: 'published' }, 'UPDATES_EXPIRED'],
      [{ security: true }, 'VERSION_TOO_LOW'],
      [{ minimumUpgradeVersion: '1.0.0' }, 'ARTIFACT_NOT_FOUND'],
    ];
    const facts = { ...nothingRight };
    for (const [repair, reason] of repairs) {
      Object.assign(facts, repair);
      expect(resolved([release('2.0.0', facts)], { version: '2.0.0' })).toBe(reason);
    }
  });
});

describe('a download that names no version', () => {
  it.each<[string, ReleaseFacts[], Partial<UpdateRequest>, string]>([
    ['what an update offers', [release('1.1.0'), release('1.2.0', late)], {}, '1.1.0, file of 1.1.0'],
    ['null is no name', [release('1.1.0')], { version: null }, '1.1.0, file of 1.1.0'],
    ['the stepping stone', [release('1.5.0'), release('2.0.0', after('1.5.0'))], {}, '1.5.0, file of 1.5.0'],
    [
      'the file of the platform',
      [release('1.1.0', { artifacts: [file('l', 'linux'), file('w', 'win32')] })],
      { platform: 'win32' },
      '1.1.0, w',
    ],
    ['nothing newer', [release('1.0.0')], {}, 'VERSION_NOT_FOUND'],
    ['nothing rolled out', [release('1.1.0', { rolloutPercent: 0 })], {}, 'VERSION_NOT_FOUND'],
    [
      'nothing rolled out to everyone, for a first installation',
      [release('1.1.0', { rolloutPercent: 99 })],
      firstInstall,
      'VERSION_NOT_FOUND',
    ],
    ['all of it after the updates window', [release('1.1.0', late)], {}, 'UPDATES_EXPIRED'],
    [
      'after the updates window and without a file',
      [release('1.1.0', { ...late, artifacts: [] })],
      {},
      'UPDATES_EXPIRED',
    ],
    [
      'the stepping stone after the updates window',
      [release('1.5.0', late), release('2.0.0', after('1.5.0'))],
      {},
      'UPDATES_EXPIRED',
    ],
    ['nothing in reach', [release('2.0.0', { ...after('1.5.0'), artifacts: [] })], {}, 'VERSION_TOO_LOW'],
    [
      'no file',
      [release('1.1.0', { artifacts: [] }), release('2.0.0', after('1.5.0'))],
      {},
      'ARTIFACT_NOT_FOUND',
    ],
    [
      'no file but in what the updates window hides',
      [release('1.1.0', { artifacts: [] }), release('1.2.0', late)],
      {},
      'ARTIFACT_NOT_FOUND',
    ],
  ])('%s', (_name, releases, request, expected) => {
    expect(resolved(releases, request)).toBe(expected);
  });
});
