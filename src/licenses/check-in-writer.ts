import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { saveCheckIn, type CheckIn } from '../database/activations.js';
import { saveCheckIns } from '../database/check-ins.js';
import { poolOf } from '../database/data-source.js';
import { gather, TOGETHER } from '../database/gather.js';
import { onPool, type Run } from '../database/statements.js';

/** So many wait at a time for rows in other hands: a reset of hundreds of seats must not take all connections. */
const ALONE = { most: 1, inFlight: 8 };

/** What a change replaces: of those that replace the same one at the most can be saved. */
const replacedBy = ({ seatId, expectedLeaseId, expectedPresentedLeaseId }: CheckIn) =>
  `${seatId} ${expectedLeaseId} ${expectedPresentedLeaseId}`;

/** Writes renewed leases, those that come together by one statement and one commit. */
@Injectable()
export class CheckInWriter {
  private readonly pool: Run;
  private readonly together: (change: CheckIn) => Promise<boolean | undefined>;
  private readonly alone: (change: CheckIn) => Promise<boolean>;
  /** The first of those that wait to replace the same. */
  private readonly waiting = new Map<string, Promise<boolean>>();

  constructor(dataSource: DataSource) {
    this.pool = onPool(poolOf(dataSource));
    this.alone = gather(
      (changes: readonly CheckIn[]) => Promise.all(changes.map((change) => saveCheckIn(this.pool, change))),
      ALONE,
    );
    this.together = gather((changes: readonly CheckIn[]) => this.saveAll(changes), TOGETHER);
  }

  /** Compare-and-set on the stored lease. False: the seat was released or its lease renewed since the facts were read. */
  async save(change: CheckIn): Promise<boolean> {
    const saved = await this.together(change);
    // Somebody else was writing the row: this call waits for it, and the others of its batch need not.
    return saved ?? this.wait(change);
  }

  private async wait(change: CheckIn): Promise<boolean> {
    const replaced = replacedBy(change);
    const first = this.waiting.get(replaced);
    if (first !== undefined) {
      await first;
      return false;
    }
    const own = this.alone(change).finally(() => this.waiting.delete(replaced));
    this.waiting.set(replaced, own);
    return own;
  }

  private async saveAll(changes: readonly CheckIn[]): Promise<(boolean | undefined)[]> {
    const firsts = new Map<string, CheckIn>();
    for (const change of changes) if (!firsts.has(change.seatId)) firsts.set(change.seatId, change);
    const saved = await saveCheckIns(this.pool, [...firsts.values()]);
    return changes.map((change) => {
      const first = firsts.get(change.seatId) ?? change;
      const isSaved = saved.get(change.seatId);
      if (first === change) return isSaved;
      // Of several calls for one seat the others come too late, unless the first failed at what they don't expect.
      const isTooLate = isSaved === true || (isSaved === false && replacedBy(first) === replacedBy(change));
      return isTooLate ? false : undefined;
    });
  }
}
