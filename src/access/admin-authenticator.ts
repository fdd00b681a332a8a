import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import {
  findApiKey,
  findSession,
  touchApiKey,
  type ApiKeyFacts,
  type SessionFacts,
} from '../database/credentials.js';
import { poolOf } from '../database/data-source.js';
import { onPool, type Run } from '../database/statements.js';
import type { Principal } from '../http/principal.js';
import { Pepper } from '../signing/data-keys.js';
import { isInRanges } from './address-list.js';
import { bearerOf, kindOf, type SecretKind } from './secret-tokens.js';

/** A write for every request would make the key's row the slowest thing in the service. */
const NOTE_USE_EVERY_MS = 60_000;

/** What a console session may do, by the role of its user; null keeps the role out of the admin plane. */
const PERMISSIONS_OF = {
  admin: ['all'],
  support: ['read'],
  customer: null,
} as const satisfies Record<SessionFacts['role'], readonly string[] | null>;

const hasEnded = (expiresAt: Date | null, now: Date) => expiresAt !== null && now >= expiresAt;

/** Whether a known key opens the door at `now` for that address. */
export function isAdmitted(key: ApiKeyFacts, address: string, now: Date): boolean {
  return (
    key.enabled &&
    !hasEnded(key.expiresAt, now) &&
    (key.ipWhitelist.length === 0 || isInRanges(address, key.ipWhitelist))
  );
}

/** The permissions of a session at `now`; null when it has ended, or its user may not act or may not act here. */
export function permissionsOf(session: SessionFacts, now: Date): readonly string[] | null {
  if (hasEnded(session.expiresAt, now) || session.status !== 'active') return null;
  return PERMISSIONS_OF[session.role];
}

/** X-Admin-Key is looked at alone where it is sent: a request that names two credentials must not get the better of them. */
function credentialOf({ headers }: FastifyRequest): { kind: SecretKind; secret: string } | null {
  const adminKey = headers['x-admin-key'];
  const secret = adminKey === undefined ? bearerOf(headers.authorization) : String(adminKey);
  const kind = secret === null ? null : kindOf(secret);
  if (secret === null || kind === null) return null;
  return adminKey !== undefined && kind !== 'apiKey' ? null : { kind, secret };
}

/**
 * Tells who stands behind a request of the admin plane. A secret is never compared with a stored one: the database finds its
 * keyed hash or not, and how long that takes says nothing of the secret to anyone without the pepper.
 */
@Injectable()
export class AdminAuthenticator {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** Null for no credential and for one that is malformed, unknown, disabled, expired or used from the wrong address. */
  async authenticate(request: FastifyRequest): Promise<Principal | null> {
    const credential = credentialOf(request);
    if (credential === null) return null;
    const now = this.clock.now();
    return credential.kind === 'apiKey'
      ? this.byApiKey(credential.secret, request.ip, now)
      : this.bySession(credential.secret, now);
  }

  private async byApiKey(secret: string, address: string, now: Date): Promise<Principal | null> {
    const key = await findApiKey(this.pool, this.pepper.hash('api-key', secret));
    if (key === null || !isAdmitted(key, address, now)) return null;
    const unlessAfter = new Date(now.getTime() - NOTE_USE_EVERY_MS);
    if (key.lastUsedAt === null || key.lastUsedAt <= unlessAfter) {
      await touchApiKey(this.pool, key.id, { now, unlessAfter });
    }
    const { id, permissions, requestsPerMinute } = key;
    return { type: 'api_key', id, permissions, requestsPerMinute };
  }

  private async bySession(secret: string, now: Date): Promise<Principal | null> {
    const session = await findSession(this.pool, this.pepper.hash('session', secret));
    const permissions = session && permissionsOf(session, now);
    if (session === null || permissions === null) return null;
    return { type: 'user', id: session.userId, permissions, requestsPerMinute: null };
  }
}
