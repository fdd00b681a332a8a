import {
  choice,
  flag,
  id,
  instant,
  integer,
  jws,
  nullable,
  resource,
  sha256,
  text,
  version as versionShape,
  type Wire,
} from '../../http/shapes.js';
import type { SignedArtifactRow } from './artifacts.service.js';
import type { Version } from './version-rows.js';

export const VERSION = resource('Version', {
  id: id('Version'),
  product: text({ example: 'panel', description: 'The code of the product.' }),
  version: versionShape(),
  channel: choice(['stable', 'beta', 'alpha']),
  status: choice(['draft', 'published', 'yanked']),
  changelog: nullable(text({ example: 'Faster.' })),
  minimum_upgrade_version: nullable(versionShape({ description: 'Panels below it need a stepping stone.' }), {
    example: null,
  }),
  mandatory: flag(),
  security: flag({ description: 'For every license, whatever its updates window.' }),
  rollout_percent: integer({ example: 100 }),
  released_at: nullable(instant({ description: 'What updates windows are compared with.' })),
  published_at: nullable(instant()),
  yanked_at: nullable(instant(), { example: null }),
  created_at: instant(),
  updated_at: instant(),
});

/** A version on the wire. */
export const versionBody = (version: Version): Wire<typeof VERSION> => ({
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

export const ARTIFACT = resource('Artifact', {
  id: id('Artifact'),
  platform: nullable(text({ example: 'linux' })),
  arch: nullable(text({ example: 'x64' })),
  filename: text({ example: 'panel-1.4.2.tgz' }),
  size: integer({ example: 20, description: 'Bytes.' }),
  sha256: sha256(),
  signature: jws('mooring-artifact+jwt', 'Over product, version, platform, arch, filename, size and sha256.'),
  created_at: instant(),
});

/** An artifact on the wire, without the key of its file. */
export const artifactBody = (artifact: SignedArtifactRow): Wire<typeof ARTIFACT> => ({
  id: artifact.id,
  platform: artifact.platform,
  arch: artifact.arch,
  filename: artifact.filename,
  size: artifact.size,
  sha256: artifact.sha256,
  signature: artifact.signature,
  created_at: artifact.createdAt,
});
