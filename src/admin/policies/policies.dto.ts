import { OmitType, PartialType } from '@nestjs/swagger';
import {
  ChoiceField,
  CountersField,
  IntegerField,
  ObjectField,
  StringListField,
  Text,
  VersionField,
} from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

/** A century: longer is a typing mistake, and null is what means "without end". */
export const MAX_DAYS = 36_500;

const TEN_YEARS = 3_650 * 86_400;

/** Features are asked for by programs. */
export const FEATURE_NAME = /^[A-Za-z0-9][A-Za-z0-9_.:-]*$/;

const Length = (description: string) => IntegerField({ min: 1, max: TEN_YEARS, description });

const ON_CLONE = ['report', 'refuse'] as const;

/** Seconds from the issue of a lease, each at least as long as the one before. What is absent stays, or is a default that fits. */
export class LeaseLengthsBody {
  @Length('When the panel phones home next, 86,400 unless given; drawn within a tenth.')
  refresh_after?: number;

  @Length('How long a panel works without the service, 259,200 unless given.')
  valid_for?: number;

  @Length('How long it works with a warning, 1,209,600 unless given.')
  grace_for?: number;
}

export class CreatePolicy {
  @Text({ required: true, max: 64, pattern: /^[a-z0-9][a-z0-9._-]*$/, example: 'pro' })
  code: string;

  @Text({ required: true, trim: true, example: 'Pro' })
  name: string;

  @CountersField({
    unlimited: true,
    default: {},
    example: { accounts: 10, domains: 7 },
    description: 'Copied into new licenses; −1 is unlimited.',
  })
  limits: Record<string, number>;

  @StringListField({
    pattern: FEATURE_NAME,
    default: [],
    example: ['backup'],
    description: 'Copied into new licenses.',
  })
  features: string[];

  @IntegerField({ min: 1, nullable: true, example: 3, description: 'Copied into new licenses; null for 1.' })
  max_activations?: number | null;

  @IntegerField({
    min: 1,
    max: MAX_DAYS,
    nullable: true,
    example: 365,
    description: 'What new licenses last and a renewal adds; null for no end.',
  })
  duration_days?: number | null;

  @IntegerField({
    min: 1,
    max: MAX_DAYS,
    nullable: true,
    example: 365,
    description: 'How long new licenses cover updates, and what a renewal adds to it; null for no end.',
  })
  updates_days?: number | null;

  @VersionField({ nullable: true, description: 'A floor for every license of the policy.' })
  minimum_version?: string | null;

  @ObjectField(() => LeaseLengthsBody)
  lease?: LeaseLengthsBody;

  @IntegerField({
    min: 1,
    max: MAX_DAYS,
    nullable: true,
    description: 'A seat unseen that long is freed for the next activation; null for never.',
  })
  release_seat_after_days?: number | null;

  @IntegerField({ min: 0, max: 1_000, default: 3, description: 'Moves of a license in 30 days.' })
  rebind_quota: number;

  @ChoiceField(ON_CLONE, {
    default: 'report',
    description: 'Whether a call of two machines that share a seat is answered or refused.',
  })
  on_clone: (typeof ON_CLONE)[number];
}

/** The code stays. Rules count for every license at once, defaults for those still to come. */
export class UpdatePolicy extends PartialType(OmitType(CreatePolicy, ['code'])) {}

export const POLICIES_SORTED = ['created_at', 'updated_at', 'code', 'name'] as const;

export class PoliciesQuery extends listQuery(POLICIES_SORTED) {
  @Text()
  code?: string;

  @Text()
  name?: string;

  @ChoiceField(ON_CLONE)
  on_clone?: (typeof ON_CLONE)[number];
}
