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
