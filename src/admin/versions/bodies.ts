import type { SignedArtifactRow } from './artifacts.service.js';
import type { Version } from './version-rows.js';

/** A version on the wire. */
export const versionBody = (version: Version) => ({
  id: version.id,
  product: version.product,
  version: version.version,
  channel: version.channel,
  status: version.status,
  changelog: version.changelog,
  minimum_upgrade_version: version.minimumUpgradeVersion,
  mandatory: version.mandatory,
  security: version.security,
  rollout_percent: version.rolloutPercent,
  released_at: version.releasedAt,
  published_at: version.publishedAt,
  yanked_at: version.yankedAt,
  created_at: version.createdAt,
  updated_at: version.updatedAt,
});

/** An artifact on the wire, without the key of its file. */
export const artifactBody = (artifact: SignedArtifactRow) => ({
  id: artifact.id,
  platform: artifact.platform,
  arch: artifact.arch,
  filename: artifact.filename,
  size: artifact.size,
  sha256: artifact.sha256,
  signature: artifact.signature,
  created_at: artifact.createdAt,
});
