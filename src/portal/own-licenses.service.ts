import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, type EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { holdLicense } from '../access/held-license.js';
import { release } from '../access/seat-release.js';
import { Clock } from '../clock.js';
import { holdLivingCustomer } from '../database/customers.js';
import { poolOf } from '../database/data-source.js';
import { Activation } from '../database/entities/index.js';
import {
  listLicenseIds,
  loadLicenseViews,
  OWN_LICENSES_SEARCHED,
  type LicenseView,
} from '../database/license-views.js';
import { listSeats, loadUsage } from '../database/seat-lists.js';
import { onPool, type Run } from '../database/statements.js';
import { conflict, notFound } from '../http/errors.js';
import type { OwnLicense } from './bodies.js';
import type { PortalUser } from './customer.guard.js';
import type { OwnLicensesQuery, OwnSeatsQuery } from './portal.dto.js';

export const HELD_OFFLINE = 'The seat is held by a lease that works offline.';

/** The licenses of a customer. Somebody else's, one that is nobody's and one that never was are all the same: not found. */
@Injectable()
export class OwnLicensesService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  async list({ customerId }: PortalUser, query: OwnLicensesQuery): Promise<[LicenseView[], number]> {
    if (customerId === null) return [[], 0];
    const { product, status } = query;
    const filters = { customerId, product, status };
    const { manager } = this.dataSource;
    const [ids, total] = await listLicenseIds(manager, query, filters, OWN_LICENSES_SEARCHED);
    return [await loadLicenseViews(this.pool, ids), total];
  }

  /** One page of its seats, and how many are in use. @throws 404 */
  async get(user: PortalUser, id: string, query: OwnSeatsQuery): Promise<[OwnLicense, number]> {
    const license = await this.own(user, id);
    const { manager } = this.dataSource;
    const [seats, total] = await listSeats(manager, license.id, query, { released: false });
    return [{ license, usage: await loadUsage(this.pool, license.id), seats }, total];
  }

  /** @throws 404 */
  async own({ customerId }: PortalUser, id: string): Promise<LicenseView> {
    const [license] = isUuid(id) ? await loadLicenseViews(this.pool, [id]) : [];
    if (license === undefined || customerId === null || license.customerId !== customerId) {
      throw notFound('License');
    }
    return license;
  }

  /**
   * Frees a seat, to the same effect as an admin does.
   * @throws 404; 409 for a panel that was promised to work offline: it would go on on a seat that is somebody else's by then
   */
  async release(user: PortalUser, id: string, activationId: string): Promise<Activation> {
    // Before any lock: nobody holds up what is not theirs.
    const { customerId } = await this.own(user, id);
    const now = this.clock.now();
    const before = async (manager: EntityManager) => {
      const isThere = customerId !== null && (await holdLivingCustomer(manager, customerId));
      if (!isThere) throw notFound('License');
    };
    return holdLicense(
      this.dataSource,
      id,
      async (held) => {
        if (held.license.customerId !== customerId) throw notFound('License');
        const wanted = { id: activationId, licenseId: held.license.id, releasedAt: IsNull() };
        const seat = isUuid(activationId) ? await held.manager.findOneBy(Activation, wanted) : null;
        if (seat === null) throw notFound('Activation');
        if (seat.offlineUntil !== null && seat.offlineUntil > now) throw conflict(HELD_OFFLINE);
        await release(held, [seat.id], 'customer', { actor: user.actor, now });
        return held.manager.findOneByOrFail(Activation, { id: seat.id });
      },
      before,
    );
  }
}
