import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A version of a product. */
@Entity({ name: 'releases' })
export class Release {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid', name: 'product_id' })
  productId: string;

  @Column({ type: 'text' })
  version: string;

  @Column({ type: 'text' })
  precedence: string;

  @Column({ type: 'text' })
  channel: 'stable' | 'beta' | 'alpha';

  @Column({ type: 'text' })
  status: 'draft' | 'published' | 'yanked';

  @Column({ type: 'text', nullable: true })
  changelog: string | null;

  @Column({ type: 'text', name: 'minimum_upgrade_version', nullable: true })
  minimumUpgradeVersion: string | null;

  @Column({ type: 'boolean' })
  mandatory: boolean;

  @Column({ type: 'boolean' })
  security: boolean;

  @Column({ type: 'integer', name: 'rollout_percent' })
  rolloutPercent: number;

  @Column({ type: 'timestamptz', name: 'released_at', nullable: true })
  releasedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'published_at', nullable: true })
  publishedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'yanked_at', nullable: true })
  yankedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

/** A file of a release; null platform or arch fits any. */
@Entity({ name: 'artifacts' })
export class Artifact {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid', name: 'release_id' })
  releaseId: string;

  @Column({ type: 'text', nullable: true })
  platform: string | null;

  @Column({ type: 'text', nullable: true })
  arch: string | null;

  @Column({ type: 'text' })
  filename: string;

  @Column({ type: 'bigint', transformer: { to: (bytes: number) => bytes, from: Number } })
  size: number;

  @Column({ type: 'text' })
  sha256: string;

  @Column({ type: 'text', name: 'storage_key' })
  storageKey: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;
}

/** A short-lived right to fetch one artifact. */
@Entity({ name: 'download_tokens' })
export class DownloadToken {
  @PrimaryColumn({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'uuid', name: 'license_id' })
  licenseId: string;

  @Column({ type: 'uuid', name: 'artifact_id' })
  artifactId: string;

  @Column({ type: 'uuid', name: 'activation_id', nullable: true })
  activationId: string | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt: Date;
}
