import { PartialType } from '@nestjs/swagger';
import { isAddressRange } from '../../access/address-list.js';
import { firstOf, items, oneOf, type Check } from '../../http/checks.js';
import { field } from '../../http/dto-field.js';
import { BooleanField, IntegerField, Text } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';
import { PERMISSIONS } from './grants.js';

const MAX_ADDRESSES = 100;
const MAX_DAYS = 36_500;
const MAX_PER_MINUTE = 1_000_000;

/** A key that may do nothing is a mistake. */
const notEmpty: Check = (value) =>
  Array.isArray(value) && value.length === 0 ? { constraint: 'required' } : null;

const addressRange: Check = (value) => {
  if (typeof value !== 'string') return { constraint: 'string' };
  return isAddressRange(value) ? null : { constraint: 'format' };
};

const PermissionsField = () =>
  field(
    {
      required: true,
      nullable: false,
      check: firstOf(items(PERMISSIONS.length, oneOf(PERMISSIONS)), notEmpty),
    },
    {
      type: 'array',
      items: { type: 'string', enum: [...PERMISSIONS] },
      minItems: 1,
      example: ['licenses:write', 'customers:write'],
    },
  );

const AddressRangesField = () =>
  field(
    { required: false, nullable: false, default: [], check: items(MAX_ADDRESSES, addressRange) },
    {
      type: 'array',
      items: { type: 'string' },
      maxItems: MAX_ADDRESSES,
      description: 'Addresses and CIDR ranges; an empty list admits every address.',
      example: ['127.0.0.1', '2001:db8::/32'],
    },
  );

export class CreateApiKey {
  @Text({ required: true, trim: true, max: 100, example: 'Billing' })
  name: string;

  @PermissionsField()
  permissions: string[];

  @AddressRangesField()
  ip_whitelist: string[];

  @IntegerField({ min: 0, max: MAX_DAYS, default: 0, description: 'Days from now; 0 for never.' })
  expires_in: number;

  @IntegerField({
    min: 1,
    max: MAX_PER_MINUTE,
    nullable: true,
    description: 'Requests a minute; null for the configured limit.',
  })
  rate_limit?: number | null;
}

export class UpdateApiKey extends PartialType(CreateApiKey) {
  @BooleanField()
  enabled?: boolean;
}

export class ApiKeysQuery extends listQuery(['created_at', 'name', 'last_used_at']) {
  @BooleanField()
  enabled?: boolean;
}
