import type { BlockedHardware } from '../../database/entities/index.js';
import { EXAMPLE_OTHER_HARDWARE } from '../../http/examples.js';
import { hardwareIdShape, id, instant, nullable, resource, text, type Wire } from '../../http/shapes.js';

export const BLOCKED_HARDWARE = resource('BlockedHardware', {
  id: id('BlockedHardware'),
  hardware_id: hardwareIdShape({ example: EXAMPLE_OTHER_HARDWARE }),
  reason: nullable(text({ example: 'Charged back' })),
  created_at: instant(),
  updated_at: instant(),
});

export const blockedBody = (row: BlockedHardware): Wire<typeof BLOCKED_HARDWARE> => ({
  id: row.id,
  hardware_id: row.hardwareId,
  reason: row.reason,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});
