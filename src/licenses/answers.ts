import { Injectable } from '@nestjs/common';
import { CHECK_IN, licenseBody, licenseRefusal, PANEL_LICENSE } from '../access/license-answer.js';
import { LicenseGate } from '../access/license-gate.js';
import {
  always,
  hardwareIdShape,
  id,
  instant,
  jws,
  nullable,
  optional,
  resource,
  text,
  version,
  type Wire,
} from '../http/shapes.js';
import { isoSeconds, proofClaims } from '../signing/claims.js';
import { JWS_TYPES } from '../signing/jws.js';
import { KeyRing } from '../signing/key-ring.js';
import { LeaseIssuer } from '../signing/lease-issuer.js';
import type { AskedOf, GrantedSeat, Verdict } from './verdict.js';

/** A proof is checked at once; its key stays listed long enough for a slow clock and a late look at the keys. */
const PROOF_LASTS_MS = 24 * 3_600_000;

const PROOF = optional(
  jws('mooring-proof+jwt', 'The verdict signed over the request; there when the request sent a nonce.'),
);

/** What a panel is answered that holds a seat. */
export const GRANTED = resource('Granted', {
  valid: always(true),
  license: PANEL_LICENSE,
  activation: resource('PanelActivation', {
    id: id('Activation'),
    hardware_id: hardwareIdShape(),
    hostname: nullable(text({ example: 'panel-1.example.com' })),
    version: version({ example: '1.0.0', description: 'The version that the panel runs.' }),
    activated_at: instant(),
    last_seen_at: instant(),
  }),
  check_in: CHECK_IN,
  lease: jws('mooring-lease+jwt', 'What the panel works on while the service is unreachable.'),
  proof: PROOF,
});

/** What a panel is answered that has given its seat back. */
export const GIVEN_BACK = resource('GivenBack', {
  valid: always(true),
  deactivated: always(true),
  proof: PROOF,
});

/** Turns a verdict into the body of the license plane, signing what the panel keeps. */
@Injectable()
export class Answers {
  constructor(
    private readonly ring: KeyRing,
    private readonly leases: LeaseIssuer,
    private readonly gate: LicenseGate,
  ) {}

  /** The success body; a refusal is thrown here, after everything that belongs to it has been committed. */
  async of(verdict: Verdict, asked: AskedOf): Promise<Wire<typeof GRANTED | typeof GIVEN_BACK>> {
    const proof = await this.proof(verdict, asked);
    if (verdict.code !== 'VALID') throw licenseRefusal(verdict.code, verdict.license, proof);
    if (verdict.seat === null) return { valid: true, deactivated: true, ...proof };
    const { license, seat } = verdict;
    return {
      valid: true,
      license: licenseBody(license),
      activation: seatBody(seat),
      check_in: {
        refresh_after: isoSeconds(seat.lease.refreshAfter),
        valid_until: isoSeconds(seat.lease.validUntil),
        grace_until: isoSeconds(seat.lease.graceUntil),
      },
      lease: await this.leases.sign(license, seat.hardwareId, seat.lease),
      ...proof,
    };
  }

  private async proof(verdict: Verdict, asked: AskedOf): Promise<{ proof?: string }> {
    if (asked.nonce === null) return {};
    if (verdict.license === null) await this.gate.catchUp();
    const claims = proofClaims({
      issuer: this.ring.issuer,
      issuedAt: asked.now,
      code: verdict.code,
      licenseId: verdict.license?.id ?? null,
      action: asked.action,
      hardwareId: asked.hardwareId,
      version: asked.version,
      leaseId: asked.leaseId,
      nonce: asked.nonce,
      requestBody: asked.body,
    });
    const validUntil = new Date(asked.now.getTime() + PROOF_LASTS_MS);
    return { proof: await this.ring.sign(JWS_TYPES.proof, claims, { validUntil }) };
  }
}

const seatBody = (seat: GrantedSeat) => ({
  id: seat.id,
  hardware_id: seat.hardwareId,
  hostname: seat.hostname,
  version: seat.version,
  activated_at: seat.activatedAt,
  last_seen_at: seat.lastSeenAt,
});
