import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A person who logs in. */
@Entity({ name: 'users' })
export class User {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'text' })
  username: string;

  @Column({ type: 'text' })
  email: string;

  @Column({ type: 'text' })
  role: 'admin' | 'support' | 'customer';

  @Column({ type: 'text' })
  status: 'active' | 'suspended';

  @Column({ type: 'text', name: 'password_hash', nullable: true })
  passwordHash: string | null;

  @Column({ type: 'integer', name: 'failed_logins', default: () => '0' })
  failedLogins: number;

  @Column({ type: 'timestamptz', name: 'locked_until', nullable: true })
  lockedUntil: Date | null;

  /** The customer in whose portal a user of the role `customer` is at home. */
  @Column({ type: 'uuid', name: 'customer_id', nullable: true })
  customerId: string | null;

  @Column({ type: 'bytea', name: 'totp_secret', nullable: true })
  totpSecret: Buffer | null;

  @Column({ type: 'timestamptz', name: 'totp_enabled_at', nullable: true })
  totpEnabledAt: Date | null;

  @Column({ type: 'bigint', name: 'totp_last_step', nullable: true })
  totpLastStep: string | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'updated_at' })
  updatedAt: Date;
}

/** A login, stored as a keyed hash of its token. */
@Entity({ name: 'sessions' })
export class Session {
  @PrimaryColumn({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'uuid', name: 'user_id' })
  userId: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  /** The absolute end, however much it is used. */
  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt: Date;

  @Column({ type: 'uuid' })
  id: string;

  @Column({ type: 'timestamptz', name: 'last_seen_at' })
  lastSeenAt: Date;

  @Column({ type: 'text' })
  origin: 'password' | 'sso';

  @Column({ type: 'text', nullable: true })
  address: string | null;

  @Column({ type: 'text', name: 'user_agent', nullable: true })
  userAgent: string | null;
}

/** Stands in for a second factor that was lost, once. */
@Entity({ name: 'recovery_codes' })
export class RecoveryCode {
  @PrimaryColumn({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'uuid', name: 'user_id' })
  userId: string;
}

/** A log-in that a program has prepared for a customer, good for once. */
@Entity({ name: 'sso_nonces' })
export class SsoNonce {
  @PrimaryColumn({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'uuid', name: 'user_id' })
  userId: string;

  @Column({ type: 'text', name: 'target_path' })
  targetPath: string;

  @Column({ type: 'text', nullable: true })
  reason: string | null;

  @Column({ type: 'text', name: 'minter_type' })
  minterType: 'api_key' | 'user';

  @Column({ type: 'text', name: 'minter_id', nullable: true })
  minterId: string | null;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt: Date;

  @Column({ type: 'timestamptz', name: 'expires_at' })
  expiresAt: Date;
}

/** Wrong passwords and codes for an account from a network, which they lock for that network alone. */
@Entity({ name: 'failed_proofs' })
export class FailedProof {
  @PrimaryColumn({ type: 'uuid', name: 'user_id' })
  userId: string;

  @PrimaryColumn({ type: 'text' })
  purpose: 'login' | 'reauthentication';

  @PrimaryColumn({ type: 'text' })
  network: string;

  @Column({ type: 'integer' })
  failures: number;

  @Column({ type: 'timestamptz' })
  since: Date;

  @Column({ type: 'timestamptz', name: 'locked_until', nullable: true })
  lockedUntil: Date | null;
}
