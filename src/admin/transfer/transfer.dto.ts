import { OmitType } from '@nestjs/swagger';
import {
  BooleanField,
  ChoiceField,
  DateTimeField,
  HardwareIdField,
  Text,
  UuidField,
  VersionField,
} from '../../http/fields.js';
import { CreateLicense } from '../licenses/licenses.dto.js';
import { FORMATS, type FileFormat } from './file-format.js';

const STATUSES = ['active', 'suspended', 'revoked'] as const;
type Status = (typeof STATUSES)[number];

/** In the one spelling that the service itself writes. */
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export class ImportQuery {
  @ChoiceField(FORMATS, { description: 'Told by the content type; application/octet-stream needs it.' })
  format?: FileFormat;

  @BooleanField({ default: false, description: 'Checks everything and writes nothing.' })
  dry_run: boolean;
}

/** A row of a file of licenses. What a row leaves out comes from the policy; of a date, an empty cell or null is no end. */
export class ImportedLicense extends OmitType(CreateLicense, ['quantity']) {
  @Text({
    required: true,
    trim: true,
    description: 'The key that was sold, in whatever form. A row can have no new one: nobody would learn it.',
  })
  key: string;

  @Text({ pattern: UUID_V7, description: 'The id of a license that was exported from another installation.' })
  id?: string;

  @ChoiceField(STATUSES, { default: 'active' })
  status: Status;

  @Text({ max: 500 })
  status_reason?: string;

  @DateTimeField({ description: 'Now unless given.' })
  created_at?: Date;
}

/** A row of a file of seats; it names its license by `license_id` or by `license_key`. */
export class ImportedSeat {
  @UuidField()
  license_id?: string;

  @Text({ trim: true })
  license_key?: string;

  @HardwareIdField({ required: true })
  hardware_id: string;

  @Text()
  hostname?: string;

  @Text({ max: 64 })
  platform?: string;

  @Text({ max: 64 })
  arch?: string;

  @VersionField({ required: true })
  version: string;

  @DateTimeField({ description: 'Now unless given.' })
  activated_at?: Date;

  @DateTimeField({ description: 'That of the activation unless given.' })
  last_seen_at?: Date;

  @DateTimeField({ nullable: true, description: 'The promise of a lease that was carried to it.' })
  offline_until?: Date | null;
}

class ExportQuery {
  @ChoiceField(FORMATS, { default: 'csv' })
  format: FileFormat;

  @Text({ description: 'The code of the product.' })
  product?: string;
}

export class ExportLicensesQuery extends ExportQuery {
  @Text({ description: 'The code of the policy.' })
  policy?: string;

  @ChoiceField(STATUSES)
  status?: Status;

  @UuidField()
  customer_id?: string;
}

export class ExportSeatsQuery extends ExportQuery {
  @UuidField()
  license_id?: string;
}
