import { Injectable } from '@nestjs/common';
import type { DownloadTokenBody } from '../access/download-answer.js';
import { DownloadGrants, type Grant } from '../access/download-grants.js';
import { forbidden, notFound, unauthorized, type ApiError } from '../http/errors.js';
import type { TokenRequest } from './downloads.dto.js';
import { Entrance } from './entrance.js';
import { updateRequest } from './update-request.js';

type Reason = Extract<Grant, { readonly granted: false }>['reason'];

const REFUSALS = {
  VERSION_NOT_FOUND: () => notFound('Version'),
  UPDATES_EXPIRED: () => forbidden('Updates expired'),
  VERSION_TOO_LOW: () => forbidden('Version too low'),
  ARTIFACT_NOT_FOUND: () => notFound('Artifact'),
  LICENSE_CHANGED: () => unauthorized('Invalid license'),
} as const satisfies Record<Reason, () => ApiError>;

/** Tokens for panels, and for who installs one. */
@Injectable()
export class TokensService {
  constructor(
    private readonly entrance: Entrance,
    private readonly grants: DownloadGrants,
  ) {}

  /** @throws ApiError 401, 403, 404 */
  async mint(body: TokenRequest, address: string): Promise<DownloadTokenBody> {
    const admitted = await this.entrance.admit(body, address);
    const grant = await this.grants.grant(admitted, updateRequest(body));
    if (!grant.granted) throw REFUSALS[grant.reason]();
    return grant.body;
  }
}
