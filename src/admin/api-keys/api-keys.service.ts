import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, type EntityMetadata } from 'typeorm';
import { v7 as uuidv7, validate as isUuid } from 'uuid';
import { generateSecret, keyPrefixOf } from '../../access/secret-tokens.js';
import { Clock } from '../../clock.js';
import { recordAudit } from '../../database/audit.js';
import { differences, personalDifferences, wholeRow } from '../../database/differences.js';
import { ApiKey } from '../../database/entities/index.js';
import type { ListManager } from '../../database/list.js';
import { ReadReplica } from '../../database/read-replica.js';
import { forbidden, notFound, unauthorized } from '../../http/errors.js';
import { Pepper } from '../../signing/data-keys.js';
import type { Asker } from '../asker.js';
import type { ApiKeysQuery, CreateApiKey, UpdateApiKey } from './api-keys.dto.js';
import { firstLimitLifted, firstNotHeld, type KeyLimits } from './grants.js';

/** What the audit log tells of a change. */
interface Noted {
  readonly action: string;
  readonly details: Record<string, unknown>;
  readonly personalChanges?: Record<string, unknown>;
}

const DAY_MS = 86_400_000;

const SORT_COLUMNS: Readonly<Record<string, string>> = {
  created_at: 'key.createdAt',
  name: 'key.name',
  last_used_at: 'key.lastUsedAt',
};

const endAfter = (days: number, now: Date) => (days === 0 ? null : new Date(now.getTime() + days * DAY_MS));

/** These may name a person: they are told where that can be erased. */
const PERSONAL = ['name', 'ipWhitelist'] as const;

const personalOf = ({ name, ipWhitelist }: ApiKey) => ({
  name,
  ip_whitelist: ipWhitelist.length === 0 ? null : ipWhitelist,
});

const unique = (values: readonly string[]) => [...new Set(values)];

/** Nobody may make, change or remove a key that reaches further than their own permissions. */
function refuseBeyond({ permissions }: Asker, wanted: readonly string[]): void {
  const beyond = firstNotHeld(permissions, wanted);
  if (beyond !== null) throw forbidden(`API key cannot grant '${beyond}'`);
}

/**
 * Nor one that is held in less than the key that asks. Who asks by a session has no such limits.
 * @throws ApiError 403, or 401 for a key that was deleted a moment ago
 */
async function refuseUnlimited(manager: EntityManager, { actor }: Asker, wanted: KeyLimits): Promise<void> {
  if (actor.type !== 'api_key') return;
  const own = await manager.findOneBy(ApiKey, { id: actor.id ?? '' });
  if (own === null) throw unauthorized('Invalid or missing API key');
  const lifted = firstLimitLifted(own, wanted);
  if (lifted !== null) throw forbidden(`API key cannot grant ${lifted}`);
}

/** The key, locked for the transaction; 404 for none, and for an id that is none. */
async function lockKey(manager: EntityManager, id: string): Promise<ApiKey> {
  const key = isUuid(id)
    ? await manager.findOne(ApiKey, { where: { id }, lock: { mode: 'pessimistic_write' } })
    : null;
  if (key === null) throw notFound('API key');
  return key;
}

/** The columns that a request mentions, as they are stored. */
function changesOf(body: UpdateApiKey, now: Date): Partial<ApiKey> {
  const { name, permissions, ip_whitelist, rate_limit, enabled, expires_in } = body;
  return {
    ...(name !== undefined && { name }),
    ...(permissions !== undefined && { permissions: unique(permissions) }),
    ...(ip_whitelist !== undefined && { ipWhitelist: unique(ip_whitelist) }),
    ...(rate_limit !== undefined && { rateLimit: rate_limit }),
    ...(enabled !== undefined && { enabled }),
    ...(expires_in !== undefined && { expiresAt: endAfter(expires_in, now) }),
  };
}

/** Where it was never used a key is the last, whichever way they are sorted. */
function listed(manager: ListManager, query: ApiKeysQuery): Promise<[ApiKey[], number]> {
  const { field, direction } = query.order;
  const builder = manager
    .createQueryBuilder(ApiKey, 'key')
    .orderBy(SORT_COLUMNS[field] ?? 'key.createdAt', direction, 'NULLS LAST')
    .addOrderBy('key.id', direction)
    .offset(query.offset)
    .limit(query.per_page);
  if (query.q !== undefined) {
    builder.andWhere('(position(lower(:q) in lower(key.name)) > 0 or position(:q in key.key_prefix) > 0)', {
      q: query.q,
    });
  }
  if (query.enabled !== undefined) builder.andWhere({ enabled: query.enabled });
  return builder.getManyAndCount();
}

@Injectable()
export class ApiKeysService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
  ) {}

  list(query: ApiKeysQuery): Promise<[ApiKey[], number]> {
    return this.replica.read(({ manager }) => listed(manager, query));
  }

  async get(id: string): Promise<ApiKey> {
    const key = isUuid(id) ? await this.dataSource.manager.findOneBy(ApiKey, { id }) : null;
    if (key === null) throw notFound('API key');
    return key;
  }

  /** Answers the row and the key itself, which nobody can read again. */
  async create(body: CreateApiKey, asker: Asker): Promise<{ row: ApiKey; key: string }> {
    refuseBeyond(asker, body.permissions);
    const now = this.clock.now();
    const key = generateSecret('apiKey');
    const row: ApiKey = {
      id: uuidv7(),
      name: body.name,
      hash: this.pepper.hash('api-key', key),
      keyPrefix: keyPrefixOf(key),
      permissions: unique(body.permissions),
      ipWhitelist: unique(body.ip_whitelist),
      rateLimit: body.rate_limit ?? null,
      enabled: true,
      expiresAt: endAfter(body.expires_in, now),
      lastUsedAt: null,
      createdAt: now,
      updatedAt: now,
    };
    await this.dataSource.transaction(async (manager) => {
      await refuseUnlimited(manager, asker, row);
      await manager.insert(ApiKey, row);
      await this.note(manager, asker, now, row, {
        action: 'api_key.created',
        details: { changes: wholeRow(this.metadata, row, 'created', PERSONAL) },
      });
    });
    return { row, key };
  }

  async update(id: string, body: UpdateApiKey, asker: Asker): Promise<ApiKey> {
    const now = this.clock.now();
    const changes = changesOf(body, now);
    return this.dataSource.transaction(async (manager) => {
      const row = await lockKey(manager, id);
      refuseBeyond(asker, [...row.permissions, ...(changes.permissions ?? [])]);
      await refuseUnlimited(manager, asker, { ...row, ...changes });
      const told = differences(this.metadata, row, changes, PERSONAL);
      if (Object.keys(told).length === 0) return row;
      await manager.update(ApiKey, { id }, { ...changes, updatedAt: now });
      await this.note(manager, asker, now, row, {
        action: 'api_key.updated',
        details: { changes: told },
        personalChanges: personalDifferences(this.metadata, row, changes, PERSONAL),
      });
      return { ...row, ...changes, updatedAt: now };
    });
  }

  async remove(id: string, asker: Asker): Promise<void> {
    const now = this.clock.now();
    await this.dataSource.transaction(async (manager) => {
      const row = await lockKey(manager, id);
      refuseBeyond(asker, row.permissions);
      await manager.delete(ApiKey, { id });
      await this.note(manager, asker, now, row, {
        action: 'api_key.deleted',
        details: { changes: wholeRow(this.metadata, row, 'deleted', PERSONAL) },
      });
    });
  }

  private get metadata(): EntityMetadata {
    return this.dataSource.getMetadata(ApiKey);
  }

  private note(
    manager: EntityManager,
    { actor }: Asker,
    now: Date,
    row: ApiKey,
    { action, details, personalChanges = {} }: Noted,
  ): Promise<void> {
    return recordAudit(manager, actor, now, {
      action,
      subjectType: 'api_key',
      subjectId: row.id,
      details: { key_prefix: row.keyPrefix, ...details },
      personal: {
        ...personalOf(row),
        ...(Object.keys(personalChanges).length > 0 && { changes: personalChanges }),
      },
    });
  }
}
