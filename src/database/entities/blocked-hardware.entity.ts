import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Hardware that no license answers. */
@Entity({ name: 'blocklist' })
export class BlockedHardware {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text', name: 'hardware_id' })
  hardwareId: string;

  @Column({ type: 'text', nullable: true })
  reason: string | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}
