import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The last notice of a license that ends; `days` before its end, or 0. */
@Entity({ name: 'license_notices' })
export class LicenseNotice {
  @PrimaryColumn({ type: 'uuid', name: 'license_id' })
  licenseId: string;

  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt: Date;

  @Column({ type: 'integer' })
  days: number;

  @Column({ type: 'timestamptz', name: 'told_at' })
  toldAt: Date;
}
