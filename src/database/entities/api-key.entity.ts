import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A credential of the admin plane, stored as a keyed hash. */
@Entity({ name: 'api_keys' })
export class ApiKey {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'text', name: 'key_prefix' })
  keyPrefix: string;

  @Column({ type: 'text', array: true })
  permissions: string[];

  @Column({ type: 'text', name: 'ip_whitelist', array: true })
  ipWhitelist: string[];

  @Column({ type: 'integer', name: 'rate_limit', nullable: true })
  rateLimit: number | null;

  @Column({ type: 'boolean' })
  enabled: boolean;

  @Column({ type: 'timestamptz', name: 'expires_at', nullable: true })
  expiresAt: Date | null;

  @Column({ type: 'timestamptz', name: 'last_used_at', nullable: true })
  lastUsedAt: Date | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}
