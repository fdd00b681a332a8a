import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock.js';
import { poolOf } from '../../database/data-source.js';
import {
  LICENSES_SEARCHED,
  listLicenseIds,
  loadLicenseViews,
  type LicenseView,
} from '../../database/license-views.js';
import {
  listClones,
  listVersionsInField,
  type CloneSuspect,
  type VersionInField,
} from '../../database/seats-in-the-field.js';
import { onPool, type Run } from '../../database/statements.js';
import type { ClonesQuery, ExpiringQuery, FieldQuery } from './stats.dto.js';

const DAY_MS = 86_400_000;

/** What is out there now, in lists. */
@Injectable()
export class FieldService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  versions(query: FieldQuery): Promise<[VersionInField[], number]> {
    return listVersionsInField(this.pool, query, query.product);
  }

  async expiring(query: ExpiringQuery): Promise<[LicenseView[], number]> {
    const now = this.clock.now();
    const until = new Date(now.getTime() + query.days * DAY_MS);
    const [ids, total] = await listLicenseIds(
      this.dataSource.manager,
      query,
      { product: query.product, status: 'active', ending: [now, until] },
      LICENSES_SEARCHED,
    );
    return [await loadLicenseViews(this.pool, ids), total];
  }

  clones(query: ClonesQuery): Promise<[CloneSuspect[], number]> {
    return listClones(this.dataSource.manager, this.pool, query, query.product);
  }
}
