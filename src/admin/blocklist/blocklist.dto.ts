import { OmitType, PartialType } from '@nestjs/swagger';
import { HardwareIdField, Text } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

export class BlockHardware {
  @HardwareIdField({ required: true })
  hardware_id: string;

  @Text({ max: 500, nullable: true })
  reason?: string | null;
}

/** Other hardware is another entry. */
export class UpdateBlockedHardware extends PartialType(OmitType(BlockHardware, ['hardware_id'])) {}

export const BLOCKLIST_SORTED = ['created_at', 'updated_at', 'hardware_id'] as const;

export class BlocklistQuery extends listQuery(BLOCKLIST_SORTED) {
  @HardwareIdField()
  hardware_id?: string;
}
