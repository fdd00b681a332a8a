import { OmitType, PartialType } from '@nestjs/swagger';
import { EXAMPLE_OTHER_HARDWARE } from '../../http/examples.js';
import { HardwareIdField, Text } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

export class BlockHardware {
  @HardwareIdField({ required: true, example: EXAMPLE_OTHER_HARDWARE })
  hardware_id: string;

  @Text({ max: 500, nullable: true, example: 'Charged back' })
  reason?: string | null;
}

/** Other hardware is another entry. */
export class UpdateBlockedHardware extends PartialType(OmitType(BlockHardware, ['hardware_id'])) {}

export const BLOCKLIST_SORTED = ['created_at', 'updated_at', 'hardware_id'] as const;

export class BlocklistQuery extends listQuery(BLOCKLIST_SORTED) {
  @HardwareIdField()
  hardware_id?: string;
}
