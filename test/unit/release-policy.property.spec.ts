import * as fc from 'fast-check';
import { artifactFor } from '../../src/domain/artifact-choice.js';
import {
  channelIncludes,
  inRollout,
  offerUpdate,
  resolveDownload,
  type Channel,
  type ReleaseFacts,
  type UpdateRequest,
  type UpdatesWindow,
} from '../../src/domain/release-policy.js';
import { compareVersions } from '../../src/domain/version.js';
import { AFTER, BEFORE, file, HARDWARE, release, UNTIL } from './release-examples.js';

const versions = fc
  .tuple(fc.nat(3), fc.nat(3), fc.constantFrom('', '-rc.1', '+b'))
  .map(([major, minor, rest]) => `${major}.${minor}.0${rest}`);
const channels = fc.constantFrom<Channel[]>('stable', 'stable', 'stable', 'beta', 'alpha');
const machines = fc.constantFrom(null, null, null, 'linux', 'win32');
const artifacts = fc
  .tuple(machines, machines)
  .map(([platform, arch]) => file(`${platform}/${arch}`, platform, arch));

const catalogues = fc
  .uniqueArray(
    fc.record({
      version: versions,
      channel: channels,
      status: fc.constantFrom<ReleaseFacts['status'][]>(
        'published',
        'published',
        'published',
        'published',
        'draft',
        'yanked',
      ),
      security: fc.boolean(),
      minimumUpgradeVersion: fc.option(versions, { freq: 3 }),
      rolloutPercent: fc.constantFrom(0, 50, 100, 100, 100, 100),
      releasedAt: fc.constantFrom(BEFORE, AFTER),
      artifacts: fc.array(artifacts, { maxLength: 3, size: 'max' }),
    }),
    { selector: ({ version }) => version.replace('+b', ''), minLength: 4, maxLength: 16, size: 'max' },
  )
  .map((rows) => rows.map(({ version, ...facts }) => release(version, facts)));

const requests = fc.record<UpdateRequest>({
  currentVersion: fc.option(fc.constantFrom('0.0.1', '0.9.0', '1.1.0-rc.1')),
  hardwareId: fc.option(fc.constant(HARDWARE)),
  channel: channels,
  platform: machines,
  arch: machines,
});
const windows = fc.constantFrom<UpdatesWindow[]>({ updatesUntil: null }, { updatesUntil: UNTIL });

/** The rules once more, one release at a time. */
const isOpen = (r: ReleaseFacts, request: UpdateRequest) =>
  r.status === 'published' &&
  channelIncludes(request.channel, r.channel) &&
  (request.hardwareId === null
    ? r.rolloutPercent === 100
    : inRollout(r.id, request.hardwareId, r.rolloutPercent));

const isStep = (r: ReleaseFacts, from: string | null) =>
  from === null ||
  (compareVersions(r.version, from) > 0 &&
    (r.minimumUpgradeVersion === null || compareVersions(r.minimumUpgradeVersion, from) <= 0));

/** The highest version that any way at all leads to, found by trying every step from everywhere. */
function highestOfAllWays(releases: readonly ReleaseFacts[], from: string | null): string | null {
  const standing = new Set([from]);
  for (const here of standing) {
    for (const r of releases.filter((candidate) => isStep(candidate, here))) standing.add(r.version);
  }
  standing.delete(from);
  return [...standing].reduce(
    (a, b) => (a === null || b === null || compareVersions(b, a) > 0 ? b : a),
    null,
  );
}

describe('for any releases', () => {
  it('the latest is the end of the best of all ways, and the one offered can be taken at once', () => {
    const seen = { stones: 0, expired: 0, none: 0, bare: 0 };
    fc.assert(
      fc.property(catalogues, requests, windows, (releases, request, license) => {
        const offer = offerUpdate(releases, license, request);
        const visible = releases.filter((r) => isOpen(r, request));
        const isCovered = (r: ReleaseFacts) =>
          r.security || license.updatesUntil === null || r.releasedAt <= license.updatesUntil;
        const withFile = visible.filter((r) => artifactFor(r.artifacts, request) !== null);
        const hasWay = highestOfAllWays(withFile.filter(isCovered), request.currentVersion) !== null;
        const open = hasWay ? withFile : visible;
        const covered = open.filter(isCovered);
        const highest = highestOfAllWays(covered, request.currentVersion);
        expect(offer.latest?.version ?? null).toBe(highest);
        expect(offer.updatesExpired).toBe(highestOfAllWays(open, request.currentVersion) !== highest);
        seen.expired += Number(offer.updatesExpired);
        seen.none += Number(offer.offered === null);
        if (offer.offered === null) return;
        expect(covered).toContain(offer.offered);
        expect(isStep(offer.offered, request.currentVersion)).toBe(true);
        expect(offer.artifact).toBe(artifactFor(offer.offered.artifacts, request));
        expect(offer.via).toBe(offer.offered === offer.latest ? null : offer.offered);
        expect(highestOfAllWays(covered, offer.offered.version) ?? offer.offered.version).toBe(highest);
        seen.stones += Number(offer.via !== null);
        seen.bare += Number(offer.artifact === null);
      }),
      { seed: 8, numRuns: 3_000 },
    );
    // The examples are worth something only when they hold all cases.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
  });

  it('the offer does not depend on the order in which they are stored', () => {
    fc.assert(
      fc.property(catalogues, requests, windows, (releases, request, license) => {
        expect(offerUpdate(releases.toReversed(), license, request)).toEqual(
          offerUpdate(releases, license, request),
        );
      }),
      { seed: 9, numRuns: 500 },
    );
  });

  it('a download without a version is the offer, and is refused exactly when there is none or it has no file', () => {
    fc.assert(
      fc.property(catalogues, requests, windows, (releases, request, license) => {
        const offer = offerUpdate(releases, license, request);
        const decision = resolveDownload(releases, license, request);
        expect(decision.ok ? decision.release : null).toBe(offer.artifact && offer.offered);
        expect(decision.ok ? decision.artifact : null).toBe(offer.artifact);
        const reason = decision.ok ? null : decision.reason;
        expect(reason === 'ARTIFACT_NOT_FOUND').toBe(offer.offered !== null && offer.artifact === null);
        expect(reason === 'UPDATES_EXPIRED' || offer.offered !== null || !offer.updatesExpired).toBe(true);
      }),
      { seed: 10, numRuns: 1_000 },
    );
  });
});
