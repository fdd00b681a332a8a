import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A tier: defaults copied into a license, and rules that are read live. */
@Entity({ name: 'policies' })
export class Policy {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  code: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'jsonb', default: () => "'{}'" })
  limits: Record<string, number>;

  @Column({ type: 'jsonb', default: () => "'[]'" })
  features: string[];

  @Column({ type: 'integer', name: 'max_activations', nullable: true })
  maxActivations: number | null;

  @Column({ type: 'integer', name: 'duration_days', nullable: true })
  durationDays: number | null;

  @Column({ type: 'integer', name: 'updates_days', nullable: true })
  updatesDays: number | null;

  @Column({ type: 'text', name: 'minimum_version', nullable: true })
  minimumVersion: string | null;

  @Column({ type: 'integer', name: 'refresh_after_seconds' })
  refreshAfterSeconds: number;

  @Column({ type: 'integer', name: 'valid_for_seconds' })
  validForSeconds: number;

  @Column({ type: 'integer', name: 'grace_for_seconds' })
  graceForSeconds: number;

  @Column({ type: 'integer', name: 'release_seat_after_days', nullable: true })
  releaseSeatAfterDays: number | null;

  @Column({ type: 'integer', name: 'rebind_quota' })
  rebindQuota: number;

  @Column({ type: 'text', name: 'on_clone' })
  onClone: 'report' | 'refuse';

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}
