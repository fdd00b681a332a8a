import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock.js';
import { Policy } from '../../database/entities/index.js';
import { ReadReplica } from '../../database/read-replica.js';
import type { Actor } from '../../domain/actor.js';
import { conflict } from '../../http/errors.js';
import { Records, taken, type RecordKind } from '../records.js';
import { changedLeaseLengths, newLeaseLengths } from './lease-lengths.js';
import type { CreatePolicy, POLICIES_SORTED, PoliciesQuery, UpdatePolicy } from './policies.dto.js';

const POLICIES: RecordKind<Policy> = {
  entity: Policy,
  subject: 'policy',
  name: 'Policy',
  identity: ({ code }) => ({ code }),
  conflicts: {
    policies_code_key: () => taken('code'),
    licenses_policy_id_fkey: () => conflict('The policy still has licenses.'),
  },
};

const SORTED = {
  created_at: 'record.createdAt',
  updated_at: 'record.updatedAt',
  code: 'record.code',
  name: 'record.name',
} as const satisfies Record<(typeof POLICIES_SORTED)[number], string>;

@Injectable()
export class PoliciesService {
  private readonly records: Records<Policy>;

  constructor(
    dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly clock: Clock,
  ) {
    this.records = new Records(dataSource, POLICIES);
  }

  list(query: PoliciesQuery): Promise<[Policy[], number]> {
    return this.records.list(this.replica, query, {
      searched: ['record.code', 'record.name'],
      sorted: SORTED,
      filtered: { 'record.code': query.code, 'record.name': query.name, 'record.onClone': query.on_clone },
    });
  }

  get(id: string): Promise<Policy> {
    return this.records.get(id);
  }

  async create(body: CreatePolicy, actor: Actor): Promise<Policy> {
    const now = this.clock.now();
    const row = {
      id: uuidv7(),
      code: body.code,
      name: body.name,
      limits: body.limits,
      features: [...new Set(body.features)],
      maxActivations: body.max_activations ?? null,
      durationDays: body.duration_days ?? null,
      updatesDays: body.updates_days ?? null,
      minimumVersion: body.minimum_version ?? null,
      ...newLeaseLengths(body.lease),
      releaseSeatAfterDays: body.release_seat_after_days ?? null,
      rebindQuota: body.rebind_quota,
      onClone: body.on_clone,
      createdAt: now,
      updatedAt: now,
    };
    return this.records.insert(row, { actor, now });
  }

  update(id: string, body: UpdatePolicy, actor: Actor): Promise<Policy> {
    // Two requests that each change one length must not pass one after the other what they would not pass together.
    const changesOf = (locked: Policy) => ({
      name: body.name,
      limits: body.limits,
      features: body.features && [...new Set(body.features)],
      maxActivations: body.max_activations,
      durationDays: body.duration_days,
      updatesDays: body.updates_days,
      minimumVersion: body.minimum_version,
      ...changedLeaseLengths(body.lease, locked),
      releaseSeatAfterDays: body.release_seat_after_days,
      rebindQuota: body.rebind_quota,
      onClone: body.on_clone,
    });
    return this.records.update(id, changesOf, { actor, now: this.clock.now() });
  }

  remove(id: string, actor: Actor): Promise<void> {
    return this.records.remove(id, { actor, now: this.clock.now() });
  }
}
