import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock.js';
import { endHardwareTokens } from '../../database/download-tokens.js';
import { BlockedHardware } from '../../database/entities/index.js';
import { ReadReplica } from '../../database/read-replica.js';
import { inTransaction } from '../../database/statements.js';
import type { Actor } from '../../domain/actor.js';
import { parseHardwareId } from '../../domain/hardware-id.js';
import { Records, taken, type RecordKind } from '../records.js';
import type {
  BLOCKLIST_SORTED,
  BlockHardware,
  BlocklistQuery,
  UpdateBlockedHardware,
} from './blocklist.dto.js';

const BLOCKLIST: RecordKind<BlockedHardware> = {
  entity: BlockedHardware,
  subject: 'blocked_hardware',
  name: 'Blocked hardware',
  identity: ({ hardwareId }) => ({ hardware_id: hardwareId }),
  personal: ['reason'],
  conflicts: { blocklist_hardware_id_key: () => taken('hardware_id') },
};

const SORTED = {
  created_at: 'record.createdAt',
  updated_at: 'record.updatedAt',
  hardware_id: 'record.hardwareId',
} as const satisfies Record<(typeof BLOCKLIST_SORTED)[number], string>;

@Injectable()
export class BlocklistService {
  private readonly records: Records<BlockedHardware>;

  constructor(
    dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
  ) {
    this.records = new Records(dataSource, BLOCKLIST);
  }

  list(query: BlocklistQuery): Promise<[BlockedHardware[], number]> {
    return this.records.list(this.replica, query, {
      searched: ['record.hardwareId', 'record.reason'],
      sorted: SORTED,
      filtered: { 'record.hardwareId': query.hardware_id?.toLowerCase() },
    });
  }

  get(id: string): Promise<BlockedHardware> {
    return this.records.get(id);
  }

  create(body: BlockHardware, actor: Actor): Promise<BlockedHardware> {
    const now = this.clock.now();
    const row = {
      id: uuidv7(),
      hardwareId: parseHardwareId(body.hardware_id),
      reason: body.reason ?? null,
      createdAt: now,
      updatedAt: now,
    };
    return this.records.insert(row, { actor, now }, async (manager) => {
      await endHardwareTokens(await inTransaction(manager), row.hardwareId);
    });
  }

  update(id: string, body: UpdateBlockedHardware, actor: Actor): Promise<BlockedHardware> {
    return this.records.update(id, () => ({ reason: body.reason }), { actor, now: this.clock.now() });
  }

  remove(id: string, actor: Actor): Promise<void> {
    return this.records.remove(id, { actor, now: this.clock.now() });
  }
}
