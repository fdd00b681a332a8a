import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An answer to give again to whoever sends the same request under the same key. */
@Entity({ name: 'idempotency_keys' })
export class IdempotencyKey {
  @PrimaryColumn({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'bytea', name: 'request_hash' })
  requestHash: Buffer;

  /** Null once it was erased. */
  @Column({ type: 'bytea', nullable: true })
  answer: Buffer | null;

  @Column({ type: 'uuid', array: true })
  mentions: string[];

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt: Date;
}
