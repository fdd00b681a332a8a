import { SEATS_SORTED } from '../../database/seat-lists.js';
import { EXAMPLE_OTHER_HARDWARE } from '../../http/examples.js';
import { BooleanField, HardwareIdField, IntegerField, VersionField } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

const TEN_YEARS_IN_DAYS = 3_650;

export class ActivationsQuery extends listQuery(Object.keys(SEATS_SORTED)) {
  @BooleanField({ default: false, description: 'Whether seats that were given back are listed, too.' })
  released: boolean;

  @HardwareIdField()
  hardware_id?: string;

  @VersionField()
  version?: string;
}

/** An air-gapped panel, whose admin carries the lease to it. */
export class ActivateOffline {
  @HardwareIdField({ required: true, example: EXAMPLE_OTHER_HARDWARE })
  hardware_id: string;

  @VersionField({ required: true })
  version: string;

  @IntegerField({
    required: true,
    min: 1,
    max: TEN_YEARS_IN_DAYS,
    example: 180,
    description: 'How long the lease is valid; no longer than the license.',
  })
  valid_days: number;
}
