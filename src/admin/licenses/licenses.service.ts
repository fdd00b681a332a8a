import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import { validate as isUuid } from 'uuid';
import { Clock } from '../../clock.js';
import { recordAudit } from '../../database/audit.js';
import { poolOf } from '../../database/data-source.js';
import { License, LicenseKey, Policy, Product } from '../../database/entities/index.js';
import { listLicenseIds, loadLicenseViews, type LicenseView } from '../../database/license-views.js';
import { inTransaction, onPool, type Run } from '../../database/statements.js';
import { violatedConstraint } from '../../database/violations.js';
import type { Actor } from '../../domain/actor.js';
import { fieldErrors, notFound } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { IssuedLicense } from './license-body.js';
import { LicenseChanges } from './license-changes.js';
import { LicenseKeys, type DrawnKey } from './license-keys.js';
import type { CreateLicense, LicensesQuery, UpdateLicense } from './licenses.dto.js';
import { newLicense, type SoldAs } from './new-license.js';

const unknown = (field: 'product' | 'policy') => ({ [field]: [sentence('selected', field)] });

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

/** @throws 422 naming each code that is none */
async function findSoldAs(manager: EntityManager, { product, policy }: CreateLicense): Promise<SoldAs> {
  const found = {
    product: await manager.findOneBy(Product, { code: product }),
    policy: await manager.findOneBy(Policy, { code: policy }),
  };
  if (found.product !== null && found.policy !== null)
    return { product: found.product, policy: found.policy };
  throw fieldErrors({
    ...(found.product === null && unknown('product')),
    ...(found.policy === null && unknown('policy')),
  });
}

@Injectable()
export class LicensesService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: LicenseChanges,
    private readonly keys: LicenseKeys,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  async list(query: LicensesQuery): Promise<[LicenseView[], number]> {
    const { q, product, policy, status } = query;
    const keyHash = q === undefined ? undefined : this.keys.hash(q);
    const filters = { product, policy, status, keyHash };
    const [ids, total] = await listLicenseIds(this.dataSource.manager, query, filters);
    return [await loadLicenseViews(this.pool, ids), total];
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
      for (const { row } of drawn) {
        await recordAudit(manager, actor, now, {
          action: 'license.created',
          subjectType: 'license',
          subjectId: row.licenseId,
          details: { product: body.product, policy: body.policy, key: row.hint },
        });
      }
      return this.issued(await inTransaction(manager), drawn);
    });
    return refusingWhatIsGone(writing);
  }

  update(id: string, body: UpdateLicense, actor: Actor): Promise<LicenseView> {
    const { policy: code } = body;
    const writing = this.changes.hold(id, actor, async (held, by) => {
      const policy = code === undefined ? undefined : await held.manager.findOneBy(Policy, { code });
      if (policy === null) throw fieldErrors(unknown('policy'));
      const columns = {
        policyId: policy?.id,
        maxActivations: body.max_activations,
        expiresAt: body.expires_at,
        updatesUntil: body.updates_until,
        minimumVersion: body.minimum_version,
        limits: body.limits,
        features: body.features && [...new Set(body.features)],
        metadata: body.metadata,
      };
      return this.changes.applyIfDifferent(held, { action: 'license.updated', columns }, by);
    });
    return refusingWhatIsGone(writing);
  }

  /** Its keys, seats and download tokens go with it; what it was stays in the audit log. */
  async remove(id: string, actor: Actor): Promise<void> {
    await this.changes.hold(id, actor, async ({ license, manager, run }, { now }) => {
      const [view] = await loadLicenseViews(run, [license.id]);
      await manager.delete(License, { id: license.id });
      await recordAudit(manager, actor, now, {
        action: 'license.deleted',
        subjectType: 'license',
        subjectId: license.id,
        details: {
          product: view?.product,
          policy: view?.policy,
          key: view?.keyHint,
          activations: view?.activeSeats,
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
