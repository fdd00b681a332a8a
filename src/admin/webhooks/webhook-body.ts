import type { Webhook } from '../../database/entities/index.js';
import { flag, id, instant, list, nullable, object, resource, text, type Wire } from '../../http/shapes.js';

const FIELDS = {
  id: id('Webhook'),
  url: text({ example: 'https://example.com/hooks/mooring' }),
  description: nullable(text({ example: 'Billing' })),
  events: list(text({ example: 'license.*' })),
  enabled: flag({ example: true }),
  disabled_reason: nullable(text({ example: 'Every attempt of the last 5 days failed.' }), { example: null }),
  failing_since: nullable(
    instant({ description: 'Since when every attempt fails; null while they are accepted.' }),
    {
      example: null,
    },
  ),
  previous_secret_until: nullable(
    instant({ description: 'Until then messages are signed with the secret before this one, too.' }),
    { example: null },
  ),
  created_at: instant(),
  updated_at: instant(),
};

export const WEBHOOK = resource('Webhook', FIELDS);

const SECRET = text({
  example: `whsec_${Buffer.alloc(32, 'example ').toString('base64')}`,
  description: 'Shown once; messages are signed with it as Standard Webhooks has it.',
});

/** With the secret, which no other answer tells. */
export const WEBHOOK_WITH_SECRET = object({ ...FIELDS, secret: SECRET });

export const webhookBody = (row: Webhook): Wire<typeof WEBHOOK> => ({
  id: row.id,
  url: row.url,
  description: row.description,
  events: row.events,
  enabled: row.enabled,
  disabled_reason: row.disabledReason,
  failing_since: row.failingSince,
  previous_secret_until: row.previousSecretUntil,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});

/** A subscription with the secret that nobody can read again. */
export interface WebhookWithSecret {
  readonly webhook: Webhook;
  readonly secret: string;
}

export const webhookWithSecretBody = ({
  webhook,
  secret,
}: WebhookWithSecret): Wire<typeof WEBHOOK_WITH_SECRET> => ({ ...webhookBody(webhook), secret });
