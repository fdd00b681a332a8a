import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { poolOf } from '../database/data-source.js';
import { loadChangelog, loadReleases, type ReleaseRecord } from '../database/release-facts.js';
import { onPool, type Run } from '../database/statements.js';
import { offerUpdate, type UpdateOffer } from '../domain/release-policy.js';
import type { Wire } from '../http/shapes.js';
import type { UPDATE } from './answers.js';
import type { CheckUpdateRequest } from './downloads.dto.js';
import { Entrance } from './entrance.js';
import { updateRequest } from './update-request.js';

/** Without an update the panel has the latest there is for it, and there is nothing to tell of another. */
const answer = (
  currentVersion: string,
  offer: UpdateOffer<ReleaseRecord>,
  changelog: string | null,
): Wire<typeof UPDATE> => ({
  update_available: offer.offered !== null,
  current_version: currentVersion,
  latest_version: offer.latest?.version ?? currentVersion,
  changelog,
  released_at: offer.offered?.releasedAt ?? null,
  mandatory: offer.offered?.mandatory ?? false,
  security: offer.offered?.security ?? false,
  size: offer.artifact?.size ?? null,
  sha256: offer.artifact?.sha256 ?? null,
  via_version: offer.via?.version ?? null,
  updates_expired: offer.updatesExpired,
});

/** What a panel may update to. */
@Injectable()
export class UpdatesService {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly entrance: Entrance,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** @throws ApiError 401 */
  async check(body: CheckUpdateRequest, address: string) {
    const { license } = await this.entrance.admit(body, address);
    const releases = await loadReleases(this.pool, {
      product: license.product,
      precedence: null,
      from: body.current_version,
    });
    const offer = offerUpdate(releases, license, updateRequest(body));
    const changelog = offer.offered && (await loadChangelog(this.pool, offer.offered.id));
    return answer(body.current_version, offer, changelog);
  }
}
