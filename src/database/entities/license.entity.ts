import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What was sold. The row is the lock under which seats are taken. */
@Entity({ name: 'licenses' })
export class License {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid', name: 'product_id' })
  productId: string;

  @Column({ type: 'uuid', name: 'policy_id' })
  policyId: string;

  @Column({ type: 'uuid', name: 'customer_id', nullable: true })
  customerId: string | null;

  @Column({ type: 'text' })
  status: 'active' | 'suspended' | 'revoked';

  @Column({ type: 'text', name: 'status_reason', nullable: true })
  statusReason: string | null;

  @Column({ type: 'integer', name: 'max_activations' })
  maxActivations: number;

  @Column({ type: 'timestamptz', name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @Column({ type: 'timestamptz', name: 'updates_until', nullable: true })
  updatesUntil: Date | null;

  @Column({ type: 'text', name: 'minimum_version', nullable: true })
  minimumVersion: string | null;

  @Column({ type: 'jsonb' })
  limits: Record<string, number>;

  @Column({ type: 'jsonb' })
  features: string[];

  @Column({ type: 'jsonb', default: () => "'{}'" })
  metadata: Record<string, unknown>;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  /** When a file brought it into this database; null for a license that was made here. */
  @Column({ type: 'timestamptz', name: 'imported_at', nullable: true })
  importedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

/** A keyed hash of a license key; `hint` is all that can be shown of it. */
@Entity({ name: 'license_keys' })
export class LicenseKey {
  @PrimaryColumn({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'uuid', name: 'license_id' })
  licenseId: string;

  @Column({ type: 'text' })
  hint: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', nullable: true })
  expiresAt: Date | null;
}
