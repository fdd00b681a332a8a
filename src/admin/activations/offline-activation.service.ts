import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { activationFacts, type DecisionFacts } from '../../access/decision-facts.js';
import { licenseRefusal } from '../../access/license-answer.js';
import { Clock } from '../../clock.js';
import { poolOf } from '../../database/data-source.js';
import { Activation } from '../../database/entities/index.js';
import { loadLicenseFacts, loadRingVersion, type LicenseRecord } from '../../database/license-facts.js';
import { onPool, type Run } from '../../database/statements.js';
import type { Actor } from '../../domain/actor.js';
import { parseHardwareId } from '../../domain/hardware-id.js';
import { decide } from '../../domain/license-policy.js';
import type { LicenseCode } from '../../domain/verdicts.js';
import { withoutBuild } from '../../domain/version.js';
import { KeyRing } from '../../signing/key-ring.js';
import { LeaseIssuer } from '../../signing/lease-issuer.js';
import { holdLicense, type HeldLicense } from '../../access/held-license.js';
import type { LeaseFile } from './lease-file.js';
import type { ActivateOffline } from './activations.dto.js';
import { OfflineSeats, type OfflineCall, type OfflineSeat } from './offline-seats.js';
import { recordRefusal } from '../../access/seat-refusal.js';
import { release } from '../../access/seat-release.js';

/** What the rules said, committed with whatever belongs to it. */
type Outcome =
  | ({ readonly code: 'VALID'; readonly license: LicenseRecord; readonly seat: Activation } & Pick<
      OfflineSeat,
      'lease'
    >)
  | { readonly code: LicenseCode; readonly license: LicenseRecord };

/** Activates a panel that can't phone home, by the rules of any activation. */
@Injectable()
export class OfflineActivationService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly seats: OfflineSeats,
    private readonly leases: LeaseIssuer,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** @throws LicenseRefusal with the code that activate would answer */
  async activate(licenseId: string, body: ActivateOffline, actor: Actor): Promise<LeaseFile> {
    const outcome = await this.decideHeld(licenseId, {
      hardwareId: parseHardwareId(body.hardware_id),
      version: body.version,
      validDays: body.valid_days,
      actor,
      now: this.clock.now(),
    });
    if (outcome.code !== 'VALID') throw licenseRefusal(outcome.code, outcome.license);
    const { license, seat, lease } = outcome;
    return {
      license,
      seat,
      lease: await this.leases.sign(license, seat.hardwareId, lease),
      jwks: await this.ring.jwks(this.clock.now()),
    };
  }

  /** The ring can't be loaded while a transaction is open: when it has changed meanwhile, all begins anew. */
  private async decideHeld(licenseId: string, call: OfflineCall): Promise<Outcome> {
    for (;;) {
      await this.ring.ensureVersion(await loadRingVersion(this.pool));
      const outcome = await holdLicense(this.dataSource, licenseId, (held) => this.decide(held, call));
      if (outcome !== 'ring moved') return outcome;
    }
  }

  private async decide(held: HeldLicense, call: OfflineCall): Promise<Outcome | 'ring moved'> {
    const { manager, run } = held;
    const { hardwareId, version, now } = call;
    const by = { licenseId: held.license.id };
    const loaded = await loadLicenseFacts(run, { by, hardwareId, precedence: withoutBuild(version), now });
    if (loaded.license === null) throw new Error('A license has no current key');
    if (!this.ring.isCurrent(loaded.ringVersion)) return 'ring moved';
    const found = await activationFacts(run, loaded.license, now, { hold: true });
    const code = decide(found.facts, { action: 'activate', version, product: null }, now);
    if (code === 'VALID') return this.seat(loaded.license, found, held, call);
    await recordRefusal(manager, call.actor, now, {
      license: loaded.license,
      code,
      action: 'activate',
      hardwareId,
      version,
    });
    return { code, license: loaded.license };
  }

  private async seat(
    license: LicenseRecord,
    { seatsToRelease }: DecisionFacts,
    held: HeldLicense,
    call: OfflineCall,
  ): Promise<Outcome> {
    const isNew = license.seat === null;
    const released = await release(held, seatsToRelease, 'stale', call);
    const { id, lease } = await this.seats[isNew ? 'take' : 'keep'](license, held, call);
    return {
      code: 'VALID',
      license: { ...license, activeSeats: license.activeSeats - released + (isNew ? 1 : 0) },
      seat: await held.manager.findOneByOrFail(Activation, { id }),
      lease,
    };
  }
}
