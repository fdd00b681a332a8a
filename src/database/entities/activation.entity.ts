import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A seat while `releasedAt` is null, its history afterwards. The lease columns are the newest lease. */
@Entity({ name: 'activations' })
export class Activation {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid', name: 'license_id' })
  licenseId: string;

  @Column({ type: 'text', name: 'hardware_id' })
  hardwareId: string;

  @Column({ type: 'text', nullable: true })
  hostname: string | null;

  @Column({ type: 'text', nullable: true })
  platform: string | null;

  @Column({ type: 'text', nullable: true })
  arch: string | null;

  @Column({ type: 'text' })
  version: string;

  @Column({ type: 'jsonb', default: () => "'{}'" })
  usage: Record<string, number>;

  @Column({ type: 'text', name: 'last_seen_ip', nullable: true })
  lastSeenIp: string | null;

  @Column({ type: 'timestamptz', name: 'activated_at' })
  activatedAt: Date;

  @Column({ type: 'timestamptz', name: 'last_seen_at' })
  lastSeenAt: Date;

  @Column({ type: 'timestamptz', name: 'released_at', nullable: true })
  releasedAt: Date | null;

  @Column({ type: 'text', name: 'release_reason', nullable: true })
  releaseReason: 'deactivated' | 'rebound' | 'stale' | 'admin' | 'reset' | 'customer' | null;

  @Column({ type: 'text', name: 'moved_from_hardware_id', nullable: true })
  movedFromHardwareId: string | null;

  @Column({ type: 'timestamptz', name: 'offline_until', nullable: true })
  offlineUntil: Date | null;

  @Column({ type: 'timestamptz', name: 'clone_suspected_at', nullable: true })
  cloneSuspectedAt: Date | null;

  @Column({ type: 'uuid', name: 'presented_lease_id', nullable: true })
  presentedLeaseId: string | null;

  @Column({ type: 'uuid', name: 'lease_id' })
  leaseId: string;

  @Column({ type: 'text', name: 'lease_kid' })
  leaseKid: string;

  @Column({ type: 'bigint', name: 'lease_seq' })
  leaseSeq: string;

  @Column({ type: 'timestamptz', name: 'lease_issued_at' })
  leaseIssuedAt: Date;

  @Column({ type: 'timestamptz', name: 'lease_refresh_after' })
  leaseRefreshAfter: Date;

  @Column({ type: 'timestamptz', name: 'lease_valid_until' })
  leaseValidUntil: Date;

  @Column({ type: 'timestamptz', name: 'lease_grace_until' })
  leaseGraceUntil: Date;

  @Column({ type: 'text', name: 'lease_digest' })
  leaseDigest: string;

  /** Neither host name nor address is kept: the customer has been erased. */
  @Column({ type: 'boolean', default: () => 'false' })
  anonymous: boolean;
}

/** A move of a seat, counted against the quota. */
@Entity({ name: 'rebinds' })
export class Rebind {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid', name: 'license_id' })
  licenseId: string;

  @Column({ type: 'text', name: 'from_hardware_id' })
  fromHardwareId: string;

  @Column({ type: 'text', name: 'to_hardware_id' })
  toHardwareId: string;

  @Column({ type: 'timestamptz', name: 'moved_at' })
  movedAt: Date;
}
