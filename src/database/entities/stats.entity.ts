import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How often a verdict was given on one UTC day. */
@Entity({ name: 'verdict_counts' })
export class VerdictCount {
  @PrimaryColumn({ type: 'date' })
  day: string;

  @PrimaryColumn({ type: 'text' })
  product: string;

  @PrimaryColumn({ type: 'text' })
  action: string;

  @PrimaryColumn({ type: 'text' })
  code: string;

  @Column({ type: 'bigint' })
  count: string;
}

/** Licenses and seats of a product on one UTC day. */
@Entity({ name: 'license_days' })
export class LicenseDay {
  @PrimaryColumn({ type: 'date' })
  day: string;

  @PrimaryColumn({ type: 'text' })
  product: string;

  @Column({ type: 'integer' })
  licenses: number;

  @Column({ type: 'integer', name: 'active_licenses' })
  activeLicenses: number;

  @Column({ type: 'integer' })
  seats: number;
}

/** The seats of a product that ran a version when they were last counted. */
@Entity({ name: 'field_counts' })
export class FieldCount {
  @PrimaryColumn({ type: 'text' })
  product: string;

  @PrimaryColumn({ type: 'text' })
  version: string;

  @Column({ type: 'integer' })
  seats: number;

  @Column({ type: 'timestamptz', name: 'last_seen_at' })
  lastSeenAt: Date;
}

/** When licenses and seats were last counted; one row. */
@Entity({ name: 'figures_counted' })
export class FiguresCounted {
  @PrimaryColumn({ type: 'boolean', default: true })
  id: boolean;

  @Column({ type: 'timestamptz', name: 'counted_at' })
  countedAt: Date;

  @Column({ type: 'integer', name: 'took_ms' })
  tookMs: number;

  @Column({ type: 'bigint' })
  rows: string;
}
