import { Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { activationEvent } from '../access/activation-body.js';
import { activationFacts, rebindFacts, seatFacts, type DecisionFacts } from '../access/decision-facts.js';
import { LicenseGate } from '../access/license-gate.js';
import { recordRefusal } from '../access/seat-refusal.js';
import { recordRebind, releaseSeats, type ReleaseReason } from '../database/activations.js';
import { recordAudit } from '../database/audit.js';
import type { LicenseRecord } from '../database/license-facts.js';
import type { LeaseDecision } from '../domain/lease-chain.js';
import { decide, type LicenseFacts } from '../domain/license-policy.js';
import { LeaseIssuer } from '../signing/lease-issuer.js';
import { FreeSeats } from './free-seats.js';
import { CloneWatch, isRefusedClone, marksSeat } from './clone-watch.js';
import { judgeChain } from './seat-chain.js';
import { SeatWriter, type Taking, type Work } from './seat-writer.js';
import type { PanelCall } from './panel-call.js';
import type { Verdict } from './verdict.js';

/** What a call is decided by, and what follows when nothing speaks against it. */
interface Prepared {
  readonly facts: LicenseFacts;
  /** What its lease shows; null where none is looked at. */
  readonly chain: LeaseDecision | null;
  readonly effects: () => Promise<Verdict>;
}

const idsOf = (seat: { readonly id: string } | null): string[] => (seat === null ? [] : [seat.id]);

/**
 * Where the seat limit is decided: each of these holds the license row from the count to the insert, so that two calls
 * never count the same free seat. See `LicenseGate.locked` for the lock, `license-policy.ts` for the rules, and `FreeSeats`
 * for activations that come together and are counted the same way.
 */
@Injectable()
export class SeatsService {
  constructor(
    private readonly gate: LicenseGate,
    private readonly writer: SeatWriter,
    private readonly leases: LeaseIssuer,
    private readonly freeSeats: FreeSeats,
    private readonly clones: CloneWatch,
  ) {}

  /** Binds the hardware, or answers the seat that it holds already. */
  async activate(call: PanelCall): Promise<Verdict> {
    const taken = await this.freeSeats.take(call);
    if (taken !== undefined) return taken;
    return this.decideLocked(call, async (license, work) => {
      const found = await activationFacts(work.run, license, call.knock.now, { hold: true });
      return { facts: found.facts, chain: null, effects: () => this.take(license, found, call, work) };
    });
  }

  /** Frees the seat. */
  deactivate(call: PanelCall): Promise<Verdict> {
    return this.decideLocked(call, async (license, work) => {
      const chain = this.judge(license, call);
      return {
        facts: seatFacts(license, isRefusedClone(license, chain)),
        chain,
        effects: async () => {
          await this.release(license, idsOf(license.seat), 'deactivated', call, work);
          return { code: 'VALID', license, seat: null, created: false };
        },
      };
    });
  }

  /** Moves the seat of `from` to the calling hardware in one step. */
  rebind(call: PanelCall, from: string): Promise<Verdict> {
    return this.decideLocked(call, async (license, work) => {
      const move = { from, to: call.hardwareId, now: call.knock.now };
      const found = await rebindFacts(work.run, license, move);
      // A move comes from a machine that has no lease yet; only one that stays where it is shows its own.
      const chain = from === call.hardwareId ? this.judge(license, call) : null;
      return {
        facts: { ...found.facts, cloneRefused: isRefusedClone(license, chain) },
        chain,
        effects: () => this.move(license, found, from, call, work),
      };
    });
  }

  private judge(license: LicenseRecord, call: PanelCall): LeaseDecision | null {
    return license.seat && judgeChain(license, license.seat, call, this.leases, 'judged');
  }

  private async decideLocked(
    call: PanelCall,
    prepare: (license: LicenseRecord, work: Work) => Promise<Prepared>,
  ): Promise<Verdict> {
    const verdict = await this.gate.locked<Verdict>(call.knock, async (license, run, manager) => {
      const { facts, chain, effects } = await prepare(license, { run, manager });
      const code = decide(facts, call.request, call.knock.now);
      if (license.seat !== null && marksSeat(license, chain, code)) {
        await this.clones.suspect(manager, license, license.seat, call);
      }
      if (code === 'VALID') return effects();
      await recordRefusal(manager, { ...call.actor, id: license.id }, call.knock.now, {
        license,
        code,
        action: call.request.action,
        hardwareId: call.hardwareId,
        version: call.report.version,
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
    if (license.seat !== null) return this.writer.keep(license, call, work, 'anew');
    await this.release(license, found.seatsToRelease, 'stale', call, work);
    const remaining = { ...license, activeSeats: license.activeSeats - found.seatsToRelease.length };
    return this.takeOne({ license: remaining, call, movedFrom: null }, work);
  }

  private async move(
    license: LicenseRecord,
    { facts, previousSeat }: DecisionFacts,
    from: string,
    call: PanelCall,
    work: Work,
  ): Promise<Verdict> {
    if (facts.rebind?.sameHardware) return this.writer.keep(license, call, work, 'judged');
    if (facts.rebind?.alreadyMoved) return this.writer.keep(license, call, work, 'continued');
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
        ? await this.takeOne({ license: remaining, call, movedFrom: from }, work)
        : await this.writer.keep(remaining, call, work, 'anew');
    return verdict.code === 'VALID' ? { ...verdict, created: false } : verdict;
  }

  private async takeOne(taking: Taking, work: Work): Promise<Verdict> {
    const [taken] = await this.writer.take([taking], work);
    if (taken === undefined) throw new Error('A taken seat has a verdict');
    return taken.verdict;
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
        customerId: license.customerId,
        details: { license_id: license.id, hardware_id: seat.hardwareId, reason },
        event: { data: activationEvent(seat) },
      });
    }
  }
}
