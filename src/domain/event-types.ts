/** Every event that a webhook can be sent for. An audit event of the same name tells the same change. */
export const EVENT_TYPES = [
  'license.created',
  'license.updated',
  'license.suspended',
  'license.reinstated',
  'license.revoked',
  'license.renewed',
  'license.expiring',
  'license.expired',
  'license.key_rotated',
  'activation.created',
  'activation.released',
  'activation.rebound',
  'activation.refused',
  'activation.clone_suspected',
  'version.published',
  'version.yanked',
  'customer.created',
  'customer.erased',
  'ping',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];
