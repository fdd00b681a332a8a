import { Injectable } from '@nestjs/common';
import { Clock } from '../../clock.js';
import {
  LICENSES_SEARCHED,
  listLicenseIds,
  loadLicenseViews,
  type LicenseView,
} from '../../database/license-views.js';
import { ReadReplica } from '../../database/read-replica.js';
import {
  listClones,
  listVersionsInField,
  type CloneSuspect,
  type VersionInField,
} from '../../database/seats-in-the-field.js';
import { keptSince } from './kept-figures.js';
import type { ClonesQuery, ExpiringQuery, FieldQuery } from './stats.dto.js';

const DAY_MS = 86_400_000;

/** What is out there now, in lists. */
@Injectable()
export class FieldService {
  constructor(
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
  ) {}

  versions(query: FieldQuery): Promise<{ rows: VersionInField[]; total: number; countedAt: Date }> {
    const now = this.clock.now();
    return this.replica.read(async ({ run }) => {
      const kept = await keptSince(run);
      const when = kept === null ? 'now' : 'kept';
      const [rows, total] = await listVersionsInField(run, when, query, query.product);
      return { rows, total, countedAt: kept ?? now };
    });
  }

  async expiring(query: ExpiringQuery): Promise<[LicenseView[], number]> {
    const now = this.clock.now();
    const until = new Date(now.getTime() + query.days * DAY_MS);
    const filters = { product: query.product, status: 'active', ending: [now, until] } as const;
    return this.replica.read(async ({ manager, run }) => {
      const [ids, total] = await listLicenseIds(manager, query, filters, LICENSES_SEARCHED);
      return [await loadLicenseViews(run, ids), total];
    });
  }

  clones(query: ClonesQuery): Promise<[CloneSuspect[], number]> {
    return this.replica.read(({ manager, run }) => listClones(manager, run, query, query.product));
  }
}
