import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { validate as isUuid } from 'uuid';
import type { ChangedBy, HeldLicense } from '../../access/held-license.js';
import { licenseBody } from '../../access/license-body.js';
import { Clock } from '../../clock.js';
import { recordAudit, recordAudits, type AuditEntry } from '../../database/audit.js';
import { emptySeats, endAnonymity } from '../../database/customer-erasure.js';
import {
  forgetCustomersOfLicense,
  leaveCustomer,
  licenseWasAnothers,
} from '../../database/customer-trail.js';
import { holdLivingCustomer } from '../../database/customers.js';
import { poolOf } from '../../database/data-source.js';
import { License, LicenseKey, Policy, Product } from '../../database/entities/index.js';
import {
  LICENSES_SEARCHED,
  listLicenseIds,
  loadLicenseViews,
  type LicenseView,
} from '../../database/license-views.js';
import { ReadReplica } from '../../database/read-replica.js';
import { inTransaction, onPool, type Run } from '../../database/statements.js';
import { violatedConstraint } from '../../database/violations.js';
import type { Actor } from '../../domain/actor.js';
import { fieldErrors, notFound } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { IssuedLicense } from './issued-license.js';
import { LicenseChanges } from './license-changes.js';
import { LicenseKeys, type DrawnKey } from './license-keys.js';
import type { CreateLicense, LicensesQuery, UpdateLicense } from './licenses.dto.js';
import { newLicense, type SoldAs } from './new-license.js';

const unknown = (field: 'product' | 'policy' | 'customer_id') => ({ [field]: [sentence('selected', field)] });

/** What was there at the look and is deleted by the time of the write was not there. */
const GONE: Readonly<Record<string, 'product' | 'policy'>> = {
  licenses_product_id_fkey: 'product',
  licenses_policy_id_fkey: 'policy',
};

/** Locks on product and policy would do as well, and deadlock with their deletion, which looks at licenses that are held. */
async function refusingWhatIsGone<T>(writing: Promise<T>): Promise<T> {
  try {
    return await writing;
  } catch (error) {
    const field = GONE[violatedConstraint(error) ?? ''];
    throw field === undefined ? error : fieldErrors(unknown(field));
  }
}

/** Nobody at all is fine; somebody must be there, and not erased. */
const mayBelongTo = async (manager: EntityManager, id: string | null | undefined): Promise<boolean> =>
  typeof id !== 'string' || holdLivingCustomer(manager, id);

/** @throws 422 naming each code and id that is none */
async function findSoldAs(manager: EntityManager, body: CreateLicense): Promise<SoldAs> {
  const { product, policy, customer_id } = body;
  const isForSomebody = await mayBelongTo(manager, customer_id);
  const found = {
    product: await manager.findOneBy(Product, { code: product }),
    policy: await manager.findOneBy(Policy, { code: policy }),
  };
  if (found.product !== null && found.policy !== null && isForSomebody)
    return { product: found.product, policy: found.policy };
  throw fieldErrors({
    ...(found.product === null && unknown('product')),
    ...(found.policy === null && unknown('policy')),
    ...(!isForSomebody && unknown('customer_id')),
  });
}

/** Whether somebody else than who gets the license has had it, be it before it was nobody's. */
const isHandedOver = async ({ license, run }: HeldLicense, to: string | null): Promise<boolean> =>
  license.customerId !== null || (to !== null && (await licenseWasAnothers(run, license.id, to)));

@Injectable()
export class LicensesService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly changes: LicenseChanges,
    private readonly keys: LicenseKeys,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  async list(query: LicensesQuery): Promise<[LicenseView[], number]> {
    const { q, product, policy, customer_id: customerId, status } = query;
    const keyHash = q === undefined ? undefined : this.keys.hash(q);
    const filters = { product, policy, customerId, status, keyHash };
    return this.replica.read(async ({ manager, run }) => {
      const [ids, total] = await listLicenseIds(manager, query, filters, LICENSES_SEARCHED);
      return [await loadLicenseViews(run, ids), total];
    });
  }

  async get(id: string): Promise<LicenseView> {
    const [license] = isUuid(id) ? await loadLicenseViews(this.pool, [id]) : [];
    if (license === undefined) throw notFound('License');
    return license;
  }

  /** As many as `quantity` says, all or none. */
  create(body: CreateLicense, actor: Actor): Promise<IssuedLicense[]> {
    const now = this.clock.now();
    const writing = this.dataSource.transaction(async (manager) => {
      const soldAs = await findSoldAs(manager, body);
      const licenses = Array.from({ length: body.quantity ?? 1 }, () => newLicense(body, soldAs, now));
      const drawn = licenses.map(({ id }) => this.keys.draw(soldAs.product.keyPrefix, id, now));
      await manager.insert(License, licenses as QueryDeepPartialEntity<License>[]);
      await manager.insert(
        LicenseKey,
        drawn.map(({ row }) => row),
      );
      const issued = await this.issued(await inTransaction(manager), drawn);
      const entries = issued.map(({ license }): AuditEntry => {
        const changes = this.changes.whole(license, 'created');
        return {
          action: 'license.created',
          subjectType: 'license',
          subjectId: license.id,
          customerId: license.customerId,
          details: { product: body.product, policy: body.policy, key: license.keyHint, changes },
          event: { data: licenseBody(license) },
        };
      });
      await recordAudits(manager, actor, now, entries);
      return issued;
    });
    return refusingWhatIsGone(writing);
  }

  /**
   * A license that goes from one customer to another, or to nobody, takes nothing of the former along: host names and
   * addresses of all its seats, the reason of its status, and its metadata unless new ones are sent along are emptied. One
   * that has been nobody's so far keeps them.
   */
  update(id: string, body: UpdateLicense, actor: Actor): Promise<LicenseView> {
    const { policy: code, customer_id } = body;
    const customerId = customer_id && customer_id.toLowerCase();
    let isForSomebody = true;
    const before = async (manager: EntityManager) => {
      isForSomebody = await mayBelongTo(manager, customerId);
    };
    const work = async (held: HeldLicense, by: ChangedBy) => {
      const policy = code === undefined ? undefined : await held.manager.findOneBy(Policy, { code });
      const refused = {
        ...(policy === null && unknown('policy')),
        ...(!isForSomebody && unknown('customer_id')),
      };
      if (Object.keys(refused).length > 0) throw fieldErrors(refused);
      const columns = {
        policyId: policy?.id,
        customerId,
        maxActivations: body.max_activations,
        expiresAt: body.expires_at,
        updatesUntil: body.updates_until,
        minimumVersion: body.minimum_version,
        limits: body.limits,
        features: body.features && [...new Set(body.features)],
        metadata: body.metadata,
      };
      if (customerId === undefined || customerId === held.license.customerId) {
        return this.changes.applyIfDifferent(held, { action: 'license.updated', columns }, by);
      }
      await endAnonymity(held.run, held.license.id);
      const from = held.license.customerId;
      if (from !== null) await leaveCustomer(held.run, 'license', held.license.id, from, by.now);
      const emptied = (await isHandedOver(held, customerId)) && {
        columns: { ...columns, metadata: body.metadata ?? {}, statusReason: null },
        details: { seats_emptied: await emptySeats(held.run, held.license.id) },
      };
      return this.changes.apply(held, { action: 'license.updated', columns, ...emptied }, by);
    };
    return refusingWhatIsGone(this.changes.hold(id, actor, work, before));
  }

  /** Its keys, seats and download tokens go with it; what it was stays in the audit log. */
  async remove(id: string, actor: Actor): Promise<void> {
    await this.changes.hold(id, actor, async ({ license, manager, run }, { now }) => {
      const [view] = await loadLicenseViews(run, [license.id]);
      await manager.delete(License, { id: license.id });
      await forgetCustomersOfLicense(run, license.id);
      const changes = this.changes.whole(license, 'deleted');
      await recordAudit(manager, actor, now, {
        action: 'license.deleted',
        subjectType: 'license',
        subjectId: license.id,
        customerId: license.customerId,
        details: {
          product: view?.product,
          policy: view?.policy,
          key: view?.keyHint,
          activations: view?.activeSeats,
          changes,
        },
      });
    });
  }

  private async issued(run: Run, drawn: readonly DrawnKey[]): Promise<IssuedLicense[]> {
    const views = await loadLicenseViews(
      run,
      drawn.map(({ row }) => row.licenseId),
    );
    const byId = new Map(views.map((view) => [view.id, view]));
    return drawn.flatMap(({ key, row }) => {
      const license = byId.get(row.licenseId);
      return license === undefined ? [] : [{ license, key }];
    });
  }
}
