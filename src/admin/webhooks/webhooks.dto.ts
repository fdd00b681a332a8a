import { PartialType } from '@nestjs/swagger';
import { EVENT_PATTERNS, EVENT_TYPES, type EventType } from '../../domain/event-types.js';
import {
  firstOf,
  items,
  matches,
  maxLength,
  oneOf,
  storable,
  string,
  type Check,
} from '../../http/checks.js';
import { field } from '../../http/dto-field.js';
import { BooleanField, ChoiceField, IntegerField, Text, UuidField } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

const MAX_URL = 2_048;
const HOURS_OF_A_MONTH = 720;

/** Credentials in a URL would be shown wherever the URL is, and logged by whatever is on the way. */
const webUrl: Check = (value) => {
  const url = URL.parse(String(value));
  const isWeb = url !== null && ['http:', 'https:'].includes(url.protocol);
  return isWeb && url.username === '' && url.password === '' ? null : { constraint: 'url' };
};

/** `new URL` skips blanks and line breaks: what is shown would not be what is called. */
const VISIBLE = /^\S+$/;

const ReceiverUrlField = () =>
  field(
    {
      required: true,
      nullable: false,
      trim: true,
      check: firstOf(string, maxLength(MAX_URL), storable, matches(VISIBLE), webUrl),
    },
    {
      type: 'string',
      format: 'uri',
      maxLength: MAX_URL,
      description: 'http or https, without credentials; a private address is refused.',
      example: 'https://example.com/hooks/mooring',
    },
  );

const notEmpty: Check = (value) =>
  Array.isArray(value) && value.length === 0 ? { constraint: 'required' } : null;

const EventPatternsField = () =>
  field(
    {
      required: true,
      nullable: false,
      check: firstOf(items(EVENT_PATTERNS.length, oneOf(EVENT_PATTERNS)), notEmpty),
    },
    {
      type: 'array',
      items: { type: 'string', enum: [...EVENT_PATTERNS] },
      minItems: 1,
      maxItems: EVENT_PATTERNS.length,
      description: 'Names of events, `license.*` and its like, or `*`.',
      example: ['license.*', 'version.published'],
    },
  );

export class CreateWebhook {
  @ReceiverUrlField()
  url: string;

  @Text({ max: 255, nullable: true })
  description?: string | null;

  @EventPatternsField()
  events: string[];

  @BooleanField({ default: true })
  enabled: boolean;
}

/** Enabling forgets why it was disabled, and how its receiver had done. */
export class UpdateWebhook extends PartialType(CreateWebhook) {}

export class WebhooksQuery extends listQuery(['updated_at', 'url']) {
  @BooleanField()
  enabled?: boolean;
}

export class RotateSecret {
  @IntegerField({
    min: 0,
    max: HOURS_OF_A_MONTH,
    default: 24,
    description: 'For how long messages are signed with the old secret as well.',
  })
  overlap_hours: number;
}

export const DELIVERY_STATUSES = ['pending', 'delivered', 'failed'] as const;

export class DeliveriesQuery extends listQuery(['next_attempt_at', 'completed_at']) {
  @ChoiceField(DELIVERY_STATUSES)
  status?: (typeof DELIVERY_STATUSES)[number];

  @ChoiceField(EVENT_TYPES)
  event_type?: EventType;

  @UuidField()
  event_id?: string;
}
