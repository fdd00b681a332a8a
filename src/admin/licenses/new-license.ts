import { v7 as uuidv7 } from 'uuid';
import type { License, Policy, Product } from '../../database/entities/index.js';
import { endAfter } from '../../domain/license-dates.js';
import type { CreateLicense } from './licenses.dto.js';

/** What the body names by code. */
export interface SoldAs {
  readonly product: Product;
  readonly policy: Policy;
}

/** A license as the request wants it, and where it says nothing as the policy has it at this moment. */
export function newLicense(body: CreateLicense, { product, policy }: SoldAs, now: Date): License {
  const { expires_at, updates_until, minimum_version } = body;
  return {
    id: uuidv7(),
    productId: product.id,
    policyId: policy.id,
    customerId: body.customer_id?.toLowerCase() ?? null,
    status: 'active',
    statusReason: null,
    maxActivations: body.max_activations ?? policy.maxActivations ?? 1,
    expiresAt: expires_at === undefined ? endAfter(policy.durationDays, now) : expires_at,
    updatesUntil: updates_until === undefined ? endAfter(policy.updatesDays, now) : updates_until,
    minimumVersion: minimum_version === undefined ? policy.minimumVersion : minimum_version,
    limits: body.limits ?? policy.limits,
    features: [...new Set(body.features ?? policy.features)],
    metadata: body.metadata ?? {},
    createdAt: now,
    importedAt: null,
    updatedAt: now,
  };
}
