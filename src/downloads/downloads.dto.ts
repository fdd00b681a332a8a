import { OmitType } from '@nestjs/swagger';
import type { Channel } from '../domain/release.js';
import { EXAMPLE_LICENSE_KEY } from '../http/examples.js';
import { ChoiceField, HardwareIdField, Text, VersionField } from '../http/fields.js';

const CHANNELS = ['stable', 'beta', 'alpha'] as const satisfies readonly Channel[];

/** What a panel asks with that is there. */
export class CheckUpdateRequest {
  @Text({
    required: true,
    trim: true,
    example: EXAMPLE_LICENSE_KEY,
    description: 'The license key; trimmed, in any case.',
  })
  license_key: string;

  @HardwareIdField({ required: true })
  hardware_id: string;

  @VersionField({ required: true, description: 'The version that the panel runs.' })
  current_version: string;

  @ChoiceField(CHANNELS, { default: 'stable' })
  channel: Channel;

  @Text({ max: 64, example: 'linux' })
  platform?: string;

  @Text({ max: 64, example: 'x64' })
  arch?: string;
}

export class PanelTokenRequest extends CheckUpdateRequest {
  @VersionField({ description: 'This very version; absent for what check-update offers.' })
  version?: string;
}

/** What only a panel has that is there: a first install goes without. */
export class TokenRequest extends OmitType(PanelTokenRequest, ['hardware_id', 'current_version']) {
  @HardwareIdField()
  hardware_id?: string;

  @VersionField({ description: 'The version that the panel runs.' })
  current_version?: string;
}
