import { localPath } from '../../domain/local-path.js';
import { firstOf, maxLength, storable, string, type Check } from '../../http/checks.js';
import { field } from '../../http/dto-field.js';
import { IntegerField, Text } from '../../http/fields.js';

const MAX_PATH = 2_048;

const isLocal: Check = (value) =>
  typeof value === 'string' && localPath(value) !== null ? null : { constraint: 'format' };

const LocalPathField = () =>
  field(
    {
      required: false,
      nullable: false,
      default: '/',
      check: firstOf(string, maxLength(MAX_PATH), storable, isLocal),
    },
    {
      type: 'string',
      maxLength: MAX_PATH,
      example: '/licenses',
      description: 'A path on this host: one `/` first, no backslash, no control character.',
    },
  );

export class MintRequest {
  @Text({ required: true, example: 'maria', description: 'A user of the role `customer`, in any case.' })
  username: string;

  @LocalPathField()
  target_path: string;

  @IntegerField({
    min: -Number.MAX_SAFE_INTEGER,
    max: Number.MAX_SAFE_INTEGER,
    default: 300,
    example: 300,
    description: 'Seconds; less than 30 counts as 30 and more than 900 as 900.',
  })
  expires_in: number;

  @Text({ trim: true, max: 500, example: 'Ticket 1042', description: 'Why, for the audit log.' })
  reason?: string;
}

export class ExchangeRequest {
  @Text({ required: true })
  nonce: string;
}
