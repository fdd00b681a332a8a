import { Injectable } from '@nestjs/common';
import { seatFacts } from '../access/decision-facts.js';
import type { Admitted } from '../access/download-grants.js';
import { LicenseGate } from '../access/license-gate.js';
import { decide } from '../domain/license-policy.js';
import { unauthorized } from '../http/errors.js';
import { VerdictCounts } from '../metrics/verdict-counts.js';
import type { TokenRequest } from './downloads.dto.js';

/** The license rules before every call about updates. */
@Injectable()
export class Entrance {
  constructor(
    private readonly gate: LicenseGate,
    private readonly counts: VerdictCounts,
  ) {}

  /** @throws ApiError 401 in the same words whatever rule fails, so that a guesser learns nothing; 429 for who guesses too often */
  async admit(body: TokenRequest, address: string): Promise<Admitted> {
    const hardwareId = body.hardware_id ?? null;
    const action = hardwareId === null ? 'install' : 'update';
    const knock = await this.gate.knock({ licenseKey: body.license_key, hardwareId, version: null, address });
    const license = await this.gate.look(knock);
    const code = decide(license && seatFacts(license), { action, version: null, product: null }, knock.now);
    this.counts.count(action, code, license?.product ?? null, knock.now);
    if (license === null || code !== 'VALID') throw unauthorized('Invalid license');
    return { license, seatId: license.seat?.id ?? null, now: knock.now };
  }
}
