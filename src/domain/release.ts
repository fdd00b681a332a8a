import { createHash } from 'node:crypto';
import type { ArtifactFacts } from './artifact-choice.js';
import { isBelow } from './version.js';

export type Channel = 'stable' | 'beta' | 'alpha';

/** A release of the license's product, as the rules see it. */
export interface ReleaseFacts<A extends ArtifactFacts = ArtifactFacts> {
  readonly id: string;
  readonly version: string;
  readonly channel: Channel;
  readonly status: 'draft' | 'published' | 'yanked';
  readonly security: boolean;
  readonly mandatory: boolean;
  readonly minimumUpgradeVersion: string | null;
  /** 0 to 100. */
  readonly rolloutPercent: number;
  readonly releasedAt: Date;
  readonly artifacts: readonly A[];
}

/** What of a license decides about releases; null: updates without end. */
export interface UpdatesWindow {
  readonly updatesUntil: Date | null;
}

/** A wider channel also sees the narrower ones. */
const WIDTH = { stable: 0, beta: 1, alpha: 2 } as const satisfies Record<Channel, number>;

export function channelIncludes(asked: Channel, releaseChannel: Channel): boolean {
  return WIDTH[releaseChannel] <= WIDTH[asked];
}

/** Drafts and yanked releases do not exist for a panel, and neither do those of a wider channel than it asks for. */
export function isVisible(release: ReleaseFacts, asked: Channel): boolean {
  return release.status === 'published' && channelIncludes(asked, release.channel);
}

/** Security fixes are for everyone: an unpatched panel harms more than its owner. The last instant still counts. */
export function isCovered(release: ReleaseFacts, { updatesUntil }: UpdatesWindow): boolean {
  return release.security || updatesUntil === null || release.releasedAt <= updatesUntil;
}

/** Whether a panel can go there in one step. A first installation (null) upgrades from nothing, so no minimum holds it up. */
export function isReachable(release: ReleaseFacts, currentVersion: string | null): boolean {
  return currentVersion === null || !isBelow(currentVersion, release.minimumUpgradeVersion);
}

/**
 * Whether a rollout of `percent` (0 to 100) includes this hardware. A panel's bucket is fixed for one release, so that
 * raising the percentage only adds panels and no panel flickers; the release id goes into the hash, so that it is not
 * the same panels that go first every time.
 */
export function inRollout(releaseId: string, hardwareId: string, percent: number): boolean {
  return createHash('sha256').update(`${releaseId}:${hardwareId}`).digest().readUInt32BE(0) % 100 < percent;
}

/** The same for a release; a panel that is not there yet (null) has no bucket and only gets what everyone gets. */
export function isRolledOutTo(
  release: Pick<ReleaseFacts, 'id' | 'rolloutPercent'>,
  hardwareId: string | null,
): boolean {
  return hardwareId === null
    ? release.rolloutPercent >= 100
    : inRollout(release.id, hardwareId, release.rolloutPercent);
}
