import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What licenses are sold for; `minimumVersion` is its floor. */
@Entity({ name: 'products' })
export class Product {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  code: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text', name: 'key_prefix' })
  keyPrefix: string;

  @Column({ type: 'text', name: 'minimum_version', nullable: true })
  minimumVersion: string | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}
