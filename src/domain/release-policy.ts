import { artifactFor, type ArtifactFacts, type MachineRequest } from './artifact-choice.js';
import {
  isCovered,
  isReachable,
  isRolledOutTo,
  isVisible,
  type Channel,
  type ReleaseFacts,
  type UpdatesWindow,
} from './release.js';
import { compareVersions, highestVersion, isBelow } from './version.js';

export { channelIncludes, inRollout } from './release.js';
export type { ArtifactFacts, Channel, ReleaseFacts, UpdatesWindow };

/** Null `currentVersion` and `hardwareId`: a first installation, by a panel that is not there yet. */
export interface UpdateRequest extends MachineRequest {
  readonly currentVersion: string | null;
  readonly hardwareId: string | null;
  readonly channel: Channel;
  /** Only a download names one: this very version, build metadata ignored, and not what an update would offer. */
  readonly version?: string | null;
}

type ArtifactOf<R extends ReleaseFacts> = R['artifacts'][number];

/** A release together with its file for the machine that asks; null when it has none. */
interface Step<R extends ReleaseFacts> {
  readonly release: R;
  readonly artifact: ArtifactOf<R> | null;
}

/**
 * `latest` is the highest release that can be reached at all, `via` the stepping stone on the way when there is one,
 * `offered` the one of them to take now and `artifact` its file. All are null when there is nothing to take, and the
 * file alone when no way begins with a release that has one for the machine.
 */
export interface UpdateOffer<R extends ReleaseFacts = ReleaseFacts> {
  readonly latest: R | null;
  readonly via: R | null;
  readonly offered: R | null;
  readonly artifact: ArtifactOf<R> | null;
  /** A higher release could be reached, and only the updates window hides it. */
  readonly updatesExpired: boolean;
}

export type DownloadRefusal =
  'VERSION_NOT_FOUND' | 'UPDATES_EXPIRED' | 'VERSION_TOO_LOW' | 'ARTIFACT_NOT_FOUND';

export type DownloadDecision<R extends ReleaseFacts = ReleaseFacts> =
  | { readonly ok: true; readonly release: R; readonly artifact: ArtifactOf<R> }
  | { readonly ok: false; readonly reason: DownloadRefusal };

/** Of two builds of one version the one released later goes first: it was made to replace the other. */
const newestFirst = (a: ReleaseFacts, b: ReleaseFacts): number =>
  compareVersions(b.version, a.version) || b.releasedAt.getTime() - a.releasedAt.getTime();

const isAbove = (version: string, from: string | null): boolean => from === null || isBelow(from, version);

/** What this panel may see of what is newer than itself, the newest first, covered by the license or not. */
function newerReleases<R extends ReleaseFacts>(releases: readonly R[], request: UpdateRequest): R[] {
  return releases
    .filter(
      (release) => isVisible(release, request.channel) && isAbove(release.version, request.currentVersion),
    )
    .filter((release) => isRolledOutTo(release, request.hardwareId))
    .sort(newestFirst);
}

/**
 * What a license may install where no panel is yet, the newest first: covered, and given to everyone. A release that is
 * being rolled out is for the panels it includes; only whoever knows its version can ask for it.
 */
export function installableReleases<R extends ReleaseFacts>(
  releases: readonly R[],
  license: UpdatesWindow,
  channel: Channel,
): R[] {
  const request = { currentVersion: null, hardwareId: null, channel };
  return newerReleases(releases, request).filter((release) => isCovered(release, license));
}

/**
 * The steps from a version to the highest that can be reached. Each step takes the highest release in direct reach:
 * what can be reached only grows with the version one stands on, so no smaller step ever leads further.
 */
function walk<R extends ReleaseFacts>(newestToOldest: readonly Step<R>[], from: string | null): Step<R>[] {
  const next = newestToOldest.find(
    ({ release }) => isAbove(release.version, from) && isReachable(release, from),
  );
  return next === undefined ? [] : [next, ...walk(newestToOldest, next.release.version)];
}

/** The steps to take, where they lead, and whether they would lead higher without the updates window. */
function planOver<R extends ReleaseFacts>(
  open: readonly Step<R>[],
  license: UpdatesWindow,
  from: string | null,
) {
  const covered = open.filter(({ release }) => isCovered(release, license));
  const steps = walk(covered, from);
  const latest = steps.at(-1)?.release ?? null;
  const highest = walk(open, from).at(-1)?.release ?? null;
  const [reached, reachable] = [latest?.version ?? null, highest?.version ?? null];
  // Of equals `highestVersion` answers the first, so another answer is a truly higher version.
  return { steps, latest, updatesExpired: highestVersion(reached, reachable) !== reached };
}

/**
 * A way over releases that have a file for the machine goes first. Where there is none the update is there all the
 * same, and a panel that is told of it can say what it runs on; silence would look like the latest version.
 */
function planUpdate<R extends ReleaseFacts>(
  releases: readonly R[],
  license: UpdatesWindow,
  request: UpdateRequest,
) {
  const open = newerReleases(releases, request).map((release): Step<R> => ({
    release,
    artifact: artifactFor(release.artifacts, request),
  }));
  const withFile = open.filter(({ artifact }) => artifact !== null);
  const plan = planOver(withFile, license, request.currentVersion);
  return plan.steps.length > 0 ? plan : planOver(open, license, request.currentVersion);
}

/** What check-update offers: the highest release that license, channel and rollout allow, and the way there. */
export function offerUpdate<R extends ReleaseFacts>(
  releases: readonly R[],
  license: UpdatesWindow,
  request: UpdateRequest,
): UpdateOffer<R> {
  const { steps, latest, updatesExpired } = planUpdate(releases, license, request);
  const [first] = steps;
  if (first === undefined) return { latest: null, via: null, offered: null, artifact: null, updatesExpired };
  const { release: offered, artifact } = first;
  return { latest, via: offered === latest ? null : offered, offered, artifact, updatesExpired };
}

const refused = (reason: DownloadRefusal) => ({ ok: false, reason }) as const;

const withFileOf = <R extends ReleaseFacts>({ release, artifact }: Step<R>): DownloadDecision<R> =>
  artifact === null ? refused('ARTIFACT_NOT_FOUND') : { ok: true, release, artifact };

/** One version by name. Rollout does not hide it, and it may lie below the current one: to install again, or to go back. */
function resolveVersion<R extends ReleaseFacts>(
  releases: readonly R[],
  license: UpdatesWindow,
  request: UpdateRequest,
  version: string,
): DownloadDecision<R> {
  const release = releases
    .filter((r) => isVisible(r, request.channel) && compareVersions(r.version, version) === 0)
    .sort(newestFirst)[0];
  if (release === undefined) return refused('VERSION_NOT_FOUND');
  if (!isCovered(release, license)) return refused('UPDATES_EXPIRED');
  if (!isReachable(release, request.currentVersion)) return refused('VERSION_TOO_LOW');
  return withFileOf({ release, artifact: artifactFor(release.artifacts, request) });
}

/**
 * What a download token is for: the version named, or else what an update offers. The order of the refusals is policy
 * and the same for both: where nothing is offered, the answer is the first rule that leaves no newer release over.
 */
export function resolveDownload<R extends ReleaseFacts>(
  releases: readonly R[],
  license: UpdatesWindow,
  request: UpdateRequest,
): DownloadDecision<R> {
  const version = request.version ?? null;
  if (version !== null) return resolveVersion(releases, license, request, version);
  const { steps, updatesExpired } = planUpdate(releases, license, request);
  const [first] = steps;
  if (first !== undefined) return withFileOf(first);
  const newer = newerReleases(releases, request);
  if (newer.length === 0) return refused('VERSION_NOT_FOUND');
  const isAnyCovered = newer.some((release) => isCovered(release, license));
  return refused(updatesExpired || !isAnyCovered ? 'UPDATES_EXPIRED' : 'VERSION_TOO_LOW');
}
