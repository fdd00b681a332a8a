import type { ApiKey } from '../../database/entities/index.js';
import { EXAMPLE_API_KEY } from '../../http/examples.js';
import { flag, id, instant, integer, list, nullable, resource, text, type Wire } from '../../http/shapes.js';

const FIELDS = {
  id: id('ApiKey'),
  name: text({ example: 'Billing' }),
  key_prefix: text({ example: EXAMPLE_API_KEY.slice(0, 11), description: 'Enough to tell it from others.' }),
  permissions: list(text({ example: 'licenses:write' })),
  ip_whitelist: list(text({ example: '192.0.2.7' }), { description: 'Empty for every address.' }),
  rate_limit: nullable(
    integer({ min: 1, description: 'Requests a minute; null for the configured limit.' }),
    {
      example: null,
    },
  ),
  enabled: flag({ example: true }),
  expires_at: nullable(instant(), { example: null }),
  last_used_at: nullable(instant({ description: 'To the minute.' }), { example: null }),
  created_at: instant(),
  updated_at: instant(),
};

export const API_KEY = resource('ApiKey', FIELDS);

/** With the key itself, which nobody can read again. */
export const NEW_API_KEY = resource('NewApiKey', { ...FIELDS, key: text({ example: EXAMPLE_API_KEY }) });

export const apiKeyBody = (row: ApiKey): Wire<typeof API_KEY> => ({
  id: row.id,
  name: row.name,
  key_prefix: row.keyPrefix,
  permissions: row.permissions,
  ip_whitelist: row.ipWhitelist,
  rate_limit: row.rateLimit,
  enabled: row.enabled,
  expires_at: row.expiresAt,
  last_used_at: row.lastUsedAt,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});

export const newApiKeyBody = (row: ApiKey, key: string): Wire<typeof NEW_API_KEY> => ({
  ...apiKeyBody(row),
  key,
});
