import type { AuditView } from '../../database/audit-views.js';
import { exampleHash } from '../../http/examples.js';
import {
  anyObject,
  choice,
  flag,
  id,
  instant,
  integer,
  list,
  nullable,
  object,
  resource,
  sha256,
  text,
  type Wire,
} from '../../http/shapes.js';
import type { Verification } from './verify.js';

export const ACTOR_TYPES = ['api_key', 'user', 'panel', 'system'] as const;

export const AUDIT_EVENT = resource('AuditEvent', {
  id: id('AuditEvent'),
  occurred_at: instant(),
  actor_type: choice(ACTOR_TYPES),
  actor_id: nullable(
    text({ example: id('ApiKey').example as string, description: 'Of a panel, the id of its license.' }),
  ),
  action: text({ example: 'license.suspended' }),
  subject_type: text({ example: 'license' }),
  subject_id: nullable(text({ example: id('License').example as string })),
  details: anyObject({
    example: { changes: { status: { from: 'active', to: 'suspended' } } },
    description:
      '`changes` has the columns that changed, from what to what; a withheld value is in `personal`.',
  }),
  personal: nullable(
    anyObject({
      example: { address: '192.0.2.7' },
      description: 'What may name a person; it can be erased.',
    }),
  ),
  personal_erased: flag(),
  request_id: nullable(text({ example: 'req-1a' })),
  seq: nullable(
    integer({ min: 1, example: 1042, description: 'Its place in the chain; null until it is sealed.' }),
  ),
  sealed_at: nullable(instant()),
});

export const eventBody = (event: AuditView): Wire<typeof AUDIT_EVENT> => ({
  id: event.id,
  occurred_at: event.occurredAt,
  actor_type: event.actorType,
  actor_id: event.actorId,
  action: event.action,
  subject_type: event.subjectType,
  subject_id: event.subjectId,
  details: event.details,
  personal: event.personal,
  personal_erased: event.personalErased,
  request_id: event.requestId,
  seq: event.seq,
  sealed_at: event.sealedAt,
});

const KINDS = ['changed', 'removed', 'inserted', 'replaced', 'personal_changed'] as const;

export const VERIFICATION = resource('AuditVerification', {
  valid: flag({ example: true }),
  checked: integer({ example: 1042, description: 'The links of the chain.' }),
  unsealed: integer({
    example: 0,
    description: 'Events of the last second, which the chain does not hold yet.',
  }),
  pruned: nullable(
    object(
      { seq: integer({ min: 1, example: 512 }), at: instant() },
      { description: 'The last link that was deleted for its age, as AUDIT_RETENTION_DAYS says.' },
    ),
    { example: null },
  ),
  head: nullable(
    object({ seq: integer({ min: 1, example: 1042 }), hash: sha256({ example: exampleHash('head') }) }),
    {
      example: { seq: 1042, hash: exampleHash('head') },
    },
  ),
  problem_count: integer({ example: 0 }),
  problems: list(
    object({
      kind: choice(KINDS, {
        description:
          '`changed`: not what was sealed, or written. `removed`: sealed, and gone. `inserted`: never sealed, or not written by the service. `replaced`: sealed, but not in this place, or not what was noted. `personal_changed`: what it says of a person was changed rather than erased.',
      }),
      seq: nullable(integer({ min: 0 })),
      through: nullable(integer({ min: 1, description: 'The last of a run of links that are gone.' })),
      event_id: nullable(id('AuditEvent')),
    }),
    { description: 'The first hundred.' },
  ),
});

export const verificationBody = (verification: Verification): Wire<typeof VERIFICATION> => ({
  valid: verification.valid,
  checked: verification.checked,
  unsealed: verification.unsealed,
  pruned: verification.pruned && { seq: verification.pruned.seq, at: new Date(verification.pruned.at) },
  head: verification.head,
  problem_count: verification.problemCount,
  problems: verification.problems.map(({ kind, seq, through, eventId }) => ({
    kind,
    seq,
    through,
    event_id: eventId,
  })),
});
