import type { Policy } from '../../database/entities/index.js';
import {
  choice,
  counters,
  id,
  instant,
  integer,
  list,
  nullable,
  object,
  resource,
  text,
  version,
  type Wire,
} from '../../http/shapes.js';

export const POLICY = resource('Policy', {
  id: id('Policy'),
  code: text({ example: 'pro' }),
  name: text({ example: 'Pro' }),
  limits: counters({ description: 'Copied into new licenses; −1 is unlimited.' }),
  features: list(text({ example: 'backup' }), { description: 'Copied into new licenses.' }),
  max_activations: nullable(integer({ min: 1, example: 3, description: 'Copied into new licenses.' })),
  duration_days: nullable(integer({ min: 1, example: 365, description: 'Null for no end.' })),
  updates_days: nullable(integer({ min: 1, example: 365, description: 'Null for no end.' })),
  minimum_version: nullable(version({ description: 'A floor for every license of the policy.' }), {
    example: null,
  }),
  lease: object(
    {
      refresh_after: integer({ min: 1, example: 86_400 }),
      valid_for: integer({ min: 1, example: 259_200 }),
      grace_for: integer({ min: 1, example: 1_209_600 }),
    },
    { description: 'Seconds from the issue of a lease.' },
  ),
  release_seat_after_days: nullable(integer({ min: 1, description: 'Null for never.' }), { example: null }),
  rebind_quota: integer({ example: 3, description: 'Moves of a license in 30 days.' }),
  on_clone: choice(['report', 'refuse']),
  created_at: instant(),
  updated_at: instant(),
});

export const policyBody = (row: Policy): Wire<typeof POLICY> => ({
  id: row.id,
  code: row.code,
  name: row.name,
  limits: row.limits,
  features: row.features,
  max_activations: row.maxActivations,
  duration_days: row.durationDays,
  updates_days: row.updatesDays,
  minimum_version: row.minimumVersion,
  lease: {
    refresh_after: row.refreshAfterSeconds,
    valid_for: row.validForSeconds,
    grace_for: row.graceForSeconds,
  },
  release_seat_after_days: row.releaseSeatAfterDays,
  rebind_quota: row.rebindQuota,
  on_clone: row.onClone,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});
