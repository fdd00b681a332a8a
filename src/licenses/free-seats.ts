import { Injectable, Logger } from '@nestjs/common';
import { seatFacts } from '../access/decision-facts.js';
import { LicenseGate, type Knock } from '../access/license-gate.js';
import { gather, TOGETHER } from '../database/gather.js';
import type { LicenseRecord } from '../database/license-facts.js';
import { decide } from '../domain/license-policy.js';
import { isCrossed, isDependencyDown } from '../http/dependency-down.js';
import type { PanelCall } from './panel-call.js';
import { SeatWriter, type Taking } from './seat-writer.js';
import type { Verdict } from './verdict.js';

/** So many license rows are held by one transaction at the most. */
const MOST_HELD = 32;

/**
 * The plain case of an activation, the seat that is free: those that come together are one transaction and one commit.
 * Every other case, from a seat that the hardware holds already to a refusal, is left to who decides one call at a time.
 */
@Injectable()
export class FreeSeats {
  private readonly logger = new Logger('Seats');
  private readonly together: (call: PanelCall) => Promise<Verdict | undefined>;

  constructor(
    private readonly gate: LicenseGate,
    private readonly writer: SeatWriter,
  ) {
    this.together = gather((calls: readonly PanelCall[]) => this.takeAll(calls), {
      ...TOGETHER,
      most: MOST_HELD,
    });
  }

  /** The verdict once it is committed; undefined where nothing was written, and the call has to be decided by itself. */
  async take(call: PanelCall): Promise<Verdict | undefined> {
    const { typo, blockedForSeconds } = call.knock;
    // Nobody who only guesses takes a place among those that have a key.
    return typo || blockedForSeconds > 0 ? undefined : this.together(call);
  }

  private async takeAll(calls: readonly PanelCall[]): Promise<(Verdict | undefined)[]> {
    const knocks = calls.map(({ knock }) => knock);
    try {
      const taken = await this.gate.lockedTogether(knocks, (held, run, manager) =>
        this.writer.take(takingsOf(calls, held), { run, manager }),
      );
      const verdicts = new Map(taken.map(({ call, verdict }) => [call, verdict]));
      return calls.map((call) => verdicts.get(call));
    } catch (error) {
      // A second wait for a database that hangs would help nobody. A row in other hands is of one of them only.
      if (isDependencyDown(error) && !isCrossed(error)) throw error;
      // Nothing is written. What one of them was refused for is not the others' fault, and whoever it was is told alone.
      this.logger.warn({ err: error }, `${calls.length} activations could not be written together`);
      return calls.map(() => undefined);
    }
  }
}

/** Those that take a free seat. A license that several ask for is counted on from one to the next. */
function takingsOf(calls: readonly PanelCall[], held: ReadonlyMap<Knock, LicenseRecord>): Taking[] {
  const seated = new Set<string>();
  const added = new Map<string, number>();
  return calls.flatMap((call) => {
    const found = held.get(call.knock);
    if (found === undefined || found.seat !== null) return [];
    const before = added.get(found.id) ?? 0;
    const license = { ...found, activeSeats: found.activeSeats + before };
    // The same machine twice: the second call finds the seat that the first has taken.
    const machine = `${license.id} ${call.hardwareId}`;
    if (seated.has(machine) || decide(seatFacts(license), call.request, call.knock.now) !== 'VALID')
      return [];
    seated.add(machine);
    added.set(license.id, before + 1);
    return [{ license, call, movedFrom: null }];
  });
}
