import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A secret of the service, wrapped by the master key. */
@Entity({ name: 'data_keys' })
export class DataKeyRow {
  @PrimaryColumn({ type: 'text' })
  name: string;

  @Column({ type: 'bytea' })
  wrapped: Buffer;

  @Column({ type: 'timestamptz', name: 'created_at', default: () => 'now()' })
  createdAt: Date;
}

/** An Ed25519 key; the private half is wrapped by the master key. */
@Entity({ name: 'signing_keys' })
export class SigningKeyRow {
  @PrimaryColumn({ type: 'text' })
  kid: string;

  @Column({ type: 'jsonb', name: 'public_jwk' })
  publicJwk: Record<string, unknown>;

  @Column({ type: 'bytea', name: 'wrapped_private' })
  wrappedPrivate: Buffer;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'signs_from' })
  signsFrom: Date;

  @Column({ type: 'timestamptz', name: 'covers_until' })
  coversUntil: Date;

  @Column({ type: 'timestamptz', name: 'compromised_at', nullable: true })
  compromisedAt: Date | null;

  @Column({ type: 'jsonb', default: () => "'[]'" })
  endorsements: { by: string; jws: string }[];
}

/** The single row whose version tells every node when to reload the ring. */
@Entity({ name: 'key_ring' })
export class KeyRingRow {
  @PrimaryColumn({ type: 'boolean', default: () => 'true' })
  id: boolean;

  @Column({ type: 'bigint' })
  version: string;
}
