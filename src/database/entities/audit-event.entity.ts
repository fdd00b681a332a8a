import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One change, append only. */
@Entity({ name: 'audit_events' })
export class AuditEvent {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'timestamptz', name: 'occurred_at' })
  occurredAt: Date;

  @Column({ type: 'text', name: 'actor_type' })
  actorType: 'api_key' | 'user' | 'panel' | 'system';

  @Column({ type: 'text', name: 'actor_id', nullable: true })
  actorId: string | null;

  @Column({ type: 'text' })
  action: string;

  @Column({ type: 'text', name: 'subject_type' })
  subjectType: string;

  @Column({ type: 'text', name: 'subject_id', nullable: true })
  subjectId: string | null;

  @Column({ type: 'jsonb', default: () => "'{}'" })
  details: Record<string, unknown>;

  @Column({ type: 'text', name: 'request_id', nullable: true })
  requestId: string | null;

  @Column({ type: 'text', name: 'personal_hash', nullable: true })
  personalHash: string | null;

  /** Null only for events from before it was there. */
  @Column({ type: 'bytea', nullable: true })
  mac: Buffer | null;
}

/** What an audit event says of a person; may be erased. */
@Entity({ name: 'audit_personal' })
export class AuditPersonal {
  @PrimaryColumn({ type: 'uuid', name: 'event_id' })
  eventId: string;

  @Column({ type: 'bytea' })
  salt: Buffer;

  @Column({ type: 'jsonb' })
  data: Record<string, unknown>;
}

/** An event that the chain does not hold yet. */
@Entity({ name: 'audit_unsealed' })
export class AuditUnsealed {
  @PrimaryColumn({ type: 'uuid', name: 'event_id' })
  eventId: string;
}

/** An event's place in the chain, append only. */
@Entity({ name: 'audit_chain' })
export class AuditLink {
  @PrimaryColumn({ type: 'bigint' })
  seq: string;

  @Column({ type: 'uuid', name: 'event_id' })
  eventId: string;

  @Column({ type: 'bytea', name: 'previous_hash' })
  previousHash: Buffer;

  @Column({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'timestamptz', name: 'sealed_at' })
  sealedAt: Date;
}

/** The last link that was taken from the beginning of the chain; one row at most. */
@Entity({ name: 'audit_pruned' })
export class AuditPruned {
  @PrimaryColumn({ type: 'boolean', default: true })
  id: boolean;

  @Column({ type: 'bigint' })
  seq: string;

  @Column({ type: 'bytea' })
  hash: Buffer;

  @Column({ type: 'timestamptz', name: 'pruned_at' })
  prunedAt: Date;

  @Column({ type: 'bytea' })
  mac: Buffer;
}
