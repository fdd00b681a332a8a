import { EXAMPLE_LICENSE_KEY, EXAMPLE_OTHER_HARDWARE } from '../http/examples.js';
import { CountersField, HardwareIdField, NonceField, Text, UuidField, VersionField } from '../http/fields.js';

/** What every call of an installed panel carries. */
export class PanelRequest {
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
  version: string;

  @Text({ max: 64, description: 'The product code; a key of another product is INVALID_KEY.' })
  product?: string;

  @Text({ max: 255, example: 'panel-1.example.com' })
  hostname?: string;

  @Text({ max: 64, example: 'linux' })
  platform?: string;

  @Text({ max: 64, example: 'x64' })
  arch?: string;

  @NonceField({ example: 'b7c2f1d09e3a4856', description: 'Repeated in the signed `proof` of the answer.' })
  nonce?: string;

  @CountersField({ description: 'Counters of what is in use.', example: { accounts: 10, domains: 7 } })
  usage?: Record<string, number>;

  @UuidField({ description: 'The id (jti) of the newest lease held.' })
  lease_id?: string;
}

/** A move of a seat from a machine that may no longer be able to speak for itself. */
export class RebindRequest extends PanelRequest {
  @HardwareIdField({ required: true, example: EXAMPLE_OTHER_HARDWARE })
  previous_hardware_id: string;
}
