import { ChoiceField, DateTimeField, Text } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';
import { ACTOR_TYPES } from './audit-body.js';

export class AuditQuery extends listQuery(['occurred_at']) {
  @ChoiceField(ACTOR_TYPES)
  actor_type?: (typeof ACTOR_TYPES)[number];

  @Text({ description: 'The id of the API key or user; of a panel, the id of its license.' })
  actor_id?: string;

  @Text({
    pattern: /^[a-z_]+\.(?:[a-z_]+|\*)$/,
    example: 'license.*',
    description: 'One action, or all of one subject.',
  })
  action?: string;

  @Text({ example: 'license' })
  subject_type?: string;

  @Text()
  subject_id?: string;

  @Text({ description: 'All that one request did.' })
  request_id?: string;

  @DateTimeField({ description: 'From this instant on.' })
  from?: Date;

  @DateTimeField({ description: 'Before this instant.' })
  to?: Date;
}

export class VerifyAuditQuery {
  @Text({
    pattern: /^\d{1,15}:[0-9a-f]{64}$/,
    description:
      'The end of the chain as it was noted earlier, `seq:hash`. It shows that nothing was cut off the end since.',
    example: `1042:${'5b'.repeat(32)}`,
  })
  head?: string;
}
