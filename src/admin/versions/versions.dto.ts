import { OmitType, PartialType } from '@nestjs/swagger';
import {
  BooleanField,
  ChoiceField,
  DateTimeField,
  IntegerField,
  Text,
  VersionField,
} from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';
import type { Release } from '../../database/entities/index.js';

export const CHANNELS = ['stable', 'beta', 'alpha'] as const satisfies readonly Release['channel'][];
export const STATUSES = ['draft', 'published', 'yanked'] as const satisfies readonly Release['status'][];

const MAX_CHANGELOG = 100_000;

export class CreateVersion {
  @Text({ required: true, max: 64, example: 'panel', description: "The product's code." })
  product: string;

  @VersionField({ required: true, example: '1.4.2' })
  version: string;

  @ChoiceField(CHANNELS, { default: 'stable' })
  channel: Release['channel'];

  @Text({ max: MAX_CHANGELOG, nullable: true, example: 'Faster.' })
  changelog?: string | null;

  @VersionField({ nullable: true, description: 'Panels below it need a stepping stone.' })
  minimum_upgrade_version?: string | null;

  @BooleanField({ default: false })
  mandatory: boolean;

  @BooleanField({
    default: false,
    description: 'Security fixes are for every license, whatever its updates window.',
  })
  security: boolean;

  @IntegerField({
    min: 0,
    max: 100,
    default: 100,
    description: 'How many panels of a hundred are offered it.',
  })
  rollout_percent: number;

  @DateTimeField({
    nullable: true,
    description: 'What updates windows are compared with; publishing sets it when it is absent.',
  })
  released_at?: Date | null;
}

export class UpdateVersion extends PartialType(OmitType(CreateVersion, ['product', 'version'])) {}

export class Rollout {
  @IntegerField({ min: 0, max: 100, required: true, example: 100 })
  rollout_percent: number;
}

export class VersionsQuery extends listQuery(['updated_at', 'released_at', 'published_at', 'status']) {
  @Text({ max: 64, description: "The product's code." })
  product?: string;

  @VersionField({ description: 'Build metadata is ignored.' })
  version?: string;

  @ChoiceField(CHANNELS)
  channel?: Release['channel'];

  @ChoiceField(STATUSES)
  status?: Release['status'];
}
