import { LICENSES_SORTED } from '../database/license-views.js';
import { SEATS_SORTED } from '../database/seat-lists.js';
import type { Channel } from '../domain/release.js';
import { ChoiceField, Text, VersionField } from '../http/fields.js';
import { listQuery, PageQuery } from '../http/pagination.js';

const STATUSES = ['active', 'suspended', 'revoked'] as const;

export class OwnLicensesQuery extends listQuery(Object.keys(LICENSES_SORTED)) {
  @Text({ description: 'The code of the product.' })
  product?: string;

  @ChoiceField(STATUSES)
  status?: (typeof STATUSES)[number];
}

/** Of the seats of one license. */
export class OwnSeatsQuery extends listQuery(Object.keys(SEATS_SORTED)) {}

const CHANNELS = ['stable', 'beta', 'alpha'] as const satisfies readonly Channel[];

export class OwnVersionsQuery extends PageQuery {
  @ChoiceField(CHANNELS, {
    default: 'stable',
    description: 'A wider channel also has what is in the narrower ones.',
  })
  channel: Channel;
}

export class DownloadRequest {
  @VersionField({ required: true })
  version: string;

  @Text({ max: 64, description: 'For example linux.', example: 'linux' })
  platform?: string;

  @Text({ max: 64, description: 'For example x64.', example: 'x64' })
  arch?: string;

  @ChoiceField(CHANNELS, { default: 'stable', description: 'One in which the version is.' })
  channel: Channel;
}
