import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { activationFacts, rebindFacts, seatFacts, type DecisionFacts } from '../access/decision-facts.js';
import { LicenseGate } from '../access/license-gate.js';
import { recordRebind, releaseSeats, type ReleaseReason } from '../database/activations.js';
import { recordAudit } from '../database/audit.js';
import type { LicenseRecord } from '../database/license-facts.js';
import { decide } from '../domain/license-policy.js';
import { SeatWriter, type Work } from './seat-writer.js';
import type { PanelCall } from './panel-call.js';
import type { Verdict } from './verdict.js';

const idsOf = (seat: { readonly id: string } | null): string[] => (seat === null ? [] : [seat.id]);

/**
 * Where the seat limit is decided: each of these holds the license row from the count to the insert, so that two calls
 * never count the same free seat. See `LicenseGate.locked` for the lock and `license-policy.ts` for the rules.
 */
@Injectable()
export class SeatsService {
  constructor(
    private readonly gate: LicenseGate,
    private readonly writer: SeatWriter,
  ) {}

  /** Binds the hardware, or answers the seat that it holds already. */
  activate(call: PanelCall): Promise<Verdict> {
    return this.decideLocked(call, async (license, work) => {
      const found = await activationFacts(work.run, license, call.knock.now);
      return [found, () => this.take(license, found, call, work)];
    });
  }

  /** Frees the seat. */
  deactivate(call: PanelCall): Promise<Verdict> {
    return this.decideLocked(call, async (license, work) => {
      const found = { facts: seatFacts(license), seatsToRelease: [], previousSeat: license.seat };
      return [
        found,
        async () => {
          await this.release(license, idsOf(license.seat), 'deactivated', call, work);
          return { code: 'VALID', license, seat: null, created: false };
        },
      ];
    });
  }

  /** Moves the seat of `from` to the calling hardware in one step. */
  rebind(call: PanelCall, from: string): Promise<Verdict> {
    return this.decideLocked(call, async (license, work) => {
      const found = await rebindFacts(work.run, license, { from, to: call.hardwareId, now: call.knock.now });
      return [found, () => this.move(license, found, from, call, work)];
    });
  }

  private async decideLocked(
    call: PanelCall,
    prepare: (license: LicenseRecord, work: Work) => Promise<[DecisionFacts, () => Promise<Verdict>]>,
  ): Promise<Verdict> {
    const verdict = await this.gate.locked<Verdict>(call.knock, async (license, run, manager) => {
      const work = { run, manager };
      const [{ facts }, effects] = await prepare(license, work);
      const code = decide(facts, call.request, call.knock.now);
      if (code === 'VALID') return effects();
      await recordAudit(manager, { ...call.actor, id: license.id }, call.knock.now, {
        action: 'activation.refused',
        subjectType: 'license',
        subjectId: license.id,
        details: {
          action: call.request.action,
          code,
          hardware_id: call.hardwareId,
          version: call.report.version,
        },
      });
      return { code, license };
    });
    return verdict ?? { code: 'INVALID_KEY', license: null };
  }

  private async take(
    license: LicenseRecord,
    found: DecisionFacts,
    call: PanelCall,
    work: Work,
  ): Promise<Verdict> {
    if (license.seat !== null) return this.writer.keep(license, call, work);
    await this.release(license, found.seatsToRelease, 'stale', call, work);
    const remaining = { ...license, activeSeats: license.activeSeats - found.seatsToRelease.length };
    return this.writer.take(remaining, null, call, work);
  }

  private async move(
    license: LicenseRecord,
    { facts, previousSeat }: DecisionFacts,
    from: string,
    call: PanelCall,
    work: Work,
  ): Promise<Verdict> {
    const stays = facts.rebind?.sameHardware === true || facts.rebind?.alreadyMoved === true;
    if (stays && license.seat !== null) return this.writer.keep(license, call, work);
    await this.release(license, idsOf(previousSeat), 'rebound', call, work);
    await recordRebind(work.run, {
      id: uuidv7(),
      licenseId: license.id,
      from,
      to: call.hardwareId,
      now: call.knock.now,
    });
    const remaining = { ...license, activeSeats: license.activeSeats - 1 };
    const verdict =
      license.seat === null
        ? await this.writer.take(remaining, from, call, work)
        : await this.writer.keep(remaining, call, work);
    return verdict.code === 'VALID' ? { ...verdict, created: false } : verdict;
  }

  private async release(
    license: LicenseRecord,
    seatIds: readonly string[],
    reason: ReleaseReason,
    call: PanelCall,
    { run, manager }: Work,
  ): Promise<void> {
    for (const seat of await releaseSeats(run, seatIds, call.knock.now, reason)) {
      await recordAudit(manager, { ...call.actor, id: license.id }, call.knock.now, {
        action: 'activation.released',
        subjectType: 'activation',
        subjectId: seat.id,
        details: { license_id: license.id, hardware_id: seat.hardwareId, reason },
      });
    }
  }
}
