import type { EntityManager } from 'typeorm';
import { Policy, Product } from '../../database/entities/index.js';
import type { StagedLicense } from '../../database/license-import.js';
import { checksumVerdict, maskLicenseKey, normalizeLicenseKey } from '../../domain/license-key.js';
import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { Pepper } from '../../signing/data-keys.js';
import { newLicense } from '../licenses/new-license.js';
import type { RowKind } from './checked-rows.js';
import { refuseFuture } from './past-dates.js';
import { ImportedLicense } from './transfer.dto.js';

/** A license of other makers keeps its form; one of ours with a typo is nobody's. */
function keyOf(sent: string, prefixes: ReadonlySet<string>) {
  const key = normalizeLicenseKey(sent);
  if (checksumVerdict(key, prefixes) === 'invalid') throw fieldErrors({ key: [sentence('format', 'key')] });
  return key;
}

/** Rows of licenses, held against the products and policies of this moment. */
export async function licenseRows(
  manager: EntityManager,
  pepper: Pepper,
  now: Date,
): Promise<RowKind<ImportedLicense, StagedLicense>> {
  const [products, policies] = [await manager.find(Product), await manager.find(Policy)];
  const productOf = new Map(products.map((product) => [product.code, product]));
  const policyOf = new Map(policies.map((policy) => [policy.code, policy]));
  const prefixes = new Set(products.map(({ keyPrefix }) => keyPrefix));

  const soldAs = (sent: ImportedLicense) => {
    const [product, policy] = [productOf.get(sent.product), policyOf.get(sent.policy)];
    if (product !== undefined && policy !== undefined) return { product, policy };
    throw fieldErrors({
      ...(product === undefined && { product: [sentence('selected', 'product')] }),
      ...(policy === undefined && { policy: [sentence('selected', 'policy')] }),
    });
  };

  return {
    dto: ImportedLicense,
    json: new Set(['limits', 'features', 'metadata']),
    stage(sent, line) {
      refuseFuture({ created_at: sent.created_at }, now);
      const license = newLicense(sent, soldAs(sent), now);
      const key = keyOf(sent.key, prefixes);
      return {
        ...license,
        line,
        id: sent.id ?? license.id,
        hash: pepper.hash('license-key', key),
        hint: maskLicenseKey(key),
        status: sent.status,
        statusReason: sent.status_reason ?? null,
        createdAt: sent.created_at ?? now,
      };
    },
  };
}
