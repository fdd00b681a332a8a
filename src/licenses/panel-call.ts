import type { FastifyRequest } from 'fastify';
import type { Knock } from '../access/license-gate.js';
import type { PanelReport } from '../database/activations.js';
import type { LicenseRequest } from '../domain/license-policy.js';
import type { LicenseAction } from '../domain/verdicts.js';
import type { Actor } from '../domain/actor.js';
import { actorOf } from '../http/principal.js';
import type { PanelRequest } from './license.dto.js';
import type { AskedOf } from './verdict.js';

/** A panel's call in the house's terms: what it asks, what it reports, and where it comes from. */
export interface PanelCall {
  readonly knock: Knock;
  readonly request: LicenseRequest;
  readonly hardwareId: string;
  readonly leaseId: string | null;
  readonly report: PanelReport;
  readonly asked: AskedOf;
  readonly actor: Actor;
}

const orNull = <T>(value: T | null | undefined): T | null => value ?? null;

/** Reads a validated body. `knock` is the key on its way to the license. */
export function panelCall(
  action: LicenseAction,
  body: PanelRequest,
  knock: Knock,
  http: FastifyRequest,
): PanelCall {
  const hardwareId = body.hardware_id.toLowerCase();
  return {
    knock,
    hardwareId,
    request: { action, version: body.version, product: orNull(body.product) },
    leaseId: orNull(body.lease_id)?.toLowerCase() ?? null,
    report: {
      version: body.version,
      hostname: orNull(body.hostname),
      platform: orNull(body.platform),
      arch: orNull(body.arch),
      usage: orNull(body.usage),
      address: http.ip,
    },
    asked: {
      action,
      hardwareId,
      version: body.version,
      leaseId: orNull(body.lease_id),
      nonce: orNull(body.nonce),
      body: http.rawBody ?? Buffer.alloc(0),
      now: knock.now,
    },
    actor: actorOf(http),
  };
}
