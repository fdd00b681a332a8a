import { CountersField, HardwareIdField, NonceField, Text, UuidField, VersionField } from '../http/fields.js';

/** What every call of an installed panel carries. */
export class PanelRequest {
  @Text({ required: true, trim: true, description: 'The license key; trimmed, in any case.' })
  license_key: string;

  @HardwareIdField({ required: true })
  hardware_id: string;

  @VersionField({ required: true, description: 'The version that the panel runs.' })
  version: string;

  @Text({ max: 64, description: 'The product code; a key of another product is INVALID_KEY.' })
  product?: string;

  @Text({ max: 255 })
  hostname?: string;

  @Text({ max: 64, description: 'For example linux.' })
  platform?: string;

  @Text({ max: 64, description: 'For example x64.' })
  arch?: string;

  @NonceField()
  nonce?: string;

  @CountersField({ description: 'Counters of what is in use, for example {"accounts": 10}.' })
  usage?: Record<string, number>;

  @UuidField({ description: 'The id (jti) of the newest lease held.' })
  lease_id?: string;
}

/** A move of a seat from a machine that may no longer be able to speak for itself. */
export class RebindRequest extends PanelRequest {
  @HardwareIdField({ required: true })
  previous_hardware_id: string;
}
