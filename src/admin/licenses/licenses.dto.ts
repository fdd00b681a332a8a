import { PartialType, PickType } from '@nestjs/swagger';
import { LICENSES_SORTED } from '../../database/license-views.js';
import { RULES_OF, type LicenseAction } from '../../domain/verdicts.js';
import {
  ChoiceField,
  CountersField,
  DateTimeField,
  HardwareIdField,
  IntegerField,
  MetadataField,
  StringListField,
  Text,
  UuidField,
  VersionField,
} from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';
import { FEATURE_NAME, MAX_DAYS } from '../policies/policies.dto.js';

const MAX_QUANTITY = 1_000;
const HOURS_OF_A_YEAR = 8_760;

/** What is absent comes from the policy; a null date is no end, whatever the policy says. */
export class CreateLicense {
  @Text({ required: true, max: 64, example: 'panel', description: 'The code of the product.' })
  product: string;

  @Text({ required: true, max: 64, example: 'pro', description: 'The code of the policy.' })
  policy: string;

  @UuidField({ nullable: true, description: 'Whom it is sold to, and in whose portal it is seen.' })
  customer_id?: string | null;

  @IntegerField({ min: 1 })
  max_activations?: number;

  @DateTimeField({ nullable: true })
  expires_at?: Date | null;

  @DateTimeField({ nullable: true, description: 'Releases after it are not covered.' })
  updates_until?: Date | null;

  @VersionField({ nullable: true })
  minimum_version?: string | null;

  @CountersField({ unlimited: true, description: 'Replaces the limits of the policy; −1 is unlimited.' })
  limits?: Record<string, number>;

  @StringListField({ pattern: FEATURE_NAME, description: 'Replaces the features of the policy.' })
  features?: string[];

  @MetadataField({
    example: { order: 1042 },
    description: 'Anything of the vendor’s own; panels never see it.',
  })
  metadata?: Record<string, unknown>;

  @IntegerField({ min: 1, max: MAX_QUANTITY, description: 'With it the answer is an array.' })
  quantity?: number;
}

/** Another policy brings its rules; what was copied of the old one stays unless it is sent along. */
export class UpdateLicense extends PartialType(
  PickType(CreateLicense, [
    'policy',
    'customer_id',
    'max_activations',
    'expires_at',
    'updates_until',
    'minimum_version',
    'limits',
    'features',
    'metadata',
  ]),
) {}

const STATUSES = ['active', 'suspended', 'revoked'] as const;

export class LicensesQuery extends listQuery(Object.keys(LICENSES_SORTED)) {
  @Text({ description: 'The code of the product.' })
  product?: string;

  @Text({ description: 'The code of the policy.' })
  policy?: string;

  @UuidField()
  customer_id?: string;

  @ChoiceField(STATUSES)
  status?: (typeof STATUSES)[number];
}

export class ChangeStatus {
  @Text({ max: 500, example: 'Charged back' })
  reason?: string;
}

export class RenewLicense {
  @IntegerField({ min: 1, max: MAX_DAYS, example: 365, description: 'Those of the policy unless given.' })
  days?: number;
}

export class RotateKey {
  @IntegerField({
    min: 0,
    max: HOURS_OF_A_YEAR,
    default: 0,
    example: 24,
    description: 'For how long the old key is accepted as well.',
  })
  overlap_hours: number;
}

export class ExplainLicense {
  @ChoiceField(Object.keys(RULES_OF), { required: true, example: 'validate' })
  action: LicenseAction;

  @HardwareIdField({ required: true })
  hardware_id: string;

  @VersionField({ required: true })
  version: string;

  @DateTimeField({ description: 'The moment to judge at, now unless given.' })
  at?: Date;

  @HardwareIdField({ description: 'Required for a rebind, and for nothing else.' })
  previous_hardware_id?: string;
}
