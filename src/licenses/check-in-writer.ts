import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { saveCheckIn, type CheckIn } from '../database/activations.js';
import { saveCheckIns } from '../database/check-ins.js';
import { poolOf } from '../database/data-source.js';
import { gather } from '../database/gather.js';
import { onPool, type Run } from '../database/statements.js';

const TOGETHER = { most: 64, inFlight: 2 };

/** Writes renewed leases, those that come together by one statement and one commit. */
@Injectable()
export class CheckInWriter {
  private readonly pool: Run;
  private readonly together: (change: CheckIn) => Promise<boolean | undefined>;

  constructor(dataSource: DataSource) {
    this.pool = onPool(poolOf(dataSource));
    this.together = gather((changes: readonly CheckIn[]) => this.saveAll(changes), TOGETHER);
  }

  /** Compare-and-set on the stored lease. False: the seat was released or its lease renewed since the facts were read. */
  async save(change: CheckIn): Promise<boolean> {
    const saved = await this.together(change);
    // Somebody else was writing the row: this call waits for it, and the others of its batch need not.
    return saved ?? saveCheckIn(this.pool, change);
  }

  private async saveAll(changes: readonly CheckIn[]): Promise<(boolean | undefined)[]> {
    const first = new Map<string, CheckIn>();
    for (const change of changes) if (!first.has(change.seatId)) first.set(change.seatId, change);
    const saved = await saveCheckIns(this.pool, [...first.values()]);
    // Of several calls for one seat all but the first come too late.
    return changes.map((change) => (first.get(change.seatId) === change ? saved.get(change.seatId) : false));
  }
}
