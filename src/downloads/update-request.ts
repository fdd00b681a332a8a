import type { UpdateRequest } from '../domain/release-policy.js';
import type { TokenRequest } from './downloads.dto.js';

/** Systems name themselves in any case; artifacts are stored in lower case. */
const lower = (name: string | undefined): string | null => name?.toLowerCase() ?? null;

/** A validated body as the rules read it. */
export const updateRequest = (body: TokenRequest): UpdateRequest => ({
  currentVersion: body.current_version ?? null,
  hardwareId: lower(body.hardware_id),
  channel: body.channel,
  platform: lower(body.platform),
  arch: lower(body.arch),
  version: body.version ?? null,
});
