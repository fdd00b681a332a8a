import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { findApiKey, touchApiKey, type ApiKeyFacts } from '../database/credentials.js';
import { poolOf } from '../database/data-source.js';
import { onPool, type Run } from '../database/statements.js';
import { PERMISSIONS_OF } from '../domain/roles.js';
import type { Principal } from '../http/principal.js';
import { Pepper } from '../signing/data-keys.js';
import { isInRanges } from './address-list.js';
import { bearerOf, kindOf } from './secret-tokens.js';
import { SessionCookie } from './session-cookie.js';
import { Sessions } from './sessions.js';

/** A write for every request would make the key's row the slowest thing in the service. */
const NOTE_USE_EVERY_MS = 60_000;

const hasEnded = (expiresAt: Date | null, now: Date) => expiresAt !== null && now >= expiresAt;

/** Whether a known key opens the door at `now` for that address. */
export function isAdmitted(key: ApiKeyFacts, address: string, now: Date): boolean {
  return (
    key.enabled &&
    !hasEnded(key.expiresAt, now) &&
    (key.ipWhitelist.length === 0 || isInRanges(address, key.ipWhitelist))
  );
}

/**
 * Tells who stands behind a request of the admin plane. A secret is never compared with a stored one: the database finds its
 * keyed hash or not, and how long that takes says nothing of the secret to anyone without the pepper. A malformed one is looked
 * for like any other, so that its refusal takes no less time.
 */
@Injectable()
export class AdminAuthenticator {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly pepper: Pepper,
    private readonly clock: Clock,
    private readonly sessions: Sessions,
    private readonly cookie: SessionCookie,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /**
   * Null for no credential and for one that is malformed, unknown, disabled, expired or used from the wrong address. X-Admin-Key is
   * looked at alone where it is sent, and a cookie only where nothing else is: a request that names two credentials must not
   * get the better of them.
   * @throws ApiError 403 for a cookie in a change that another site may have asked for
   */
  async authenticate(request: FastifyRequest): Promise<Principal | null> {
    const { 'x-admin-key': adminKey, authorization } = request.headers;
    if (adminKey !== undefined) return this.byApiKey(String(adminKey), request.ip);
    if (authorization === undefined) {
      const token = this.cookie.read(request);
      return token === null ? null : this.bySession(token);
    }
    const bearer = bearerOf(authorization);
    if (bearer === null) return null;
    return kindOf(bearer) === 'session' ? this.bySession(bearer) : this.byApiKey(bearer, request.ip);
  }

  private async byApiKey(secret: string, address: string): Promise<Principal | null> {
    const now = this.clock.now();
    const key = await findApiKey(this.pool, this.pepper.hash('api-key', secret));
    if (key === null || !isAdmitted(key, address, now)) return null;
    const unlessAfter = new Date(now.getTime() - NOTE_USE_EVERY_MS);
    if (key.lastUsedAt === null || key.lastUsedAt <= unlessAfter) {
      await touchApiKey(this.pool, key.id, { now, unlessAfter });
    }
    const { id, permissions, requestsPerMinute } = key;
    return { type: 'api_key', id, permissions, requestsPerMinute };
  }

  private async bySession(token: string): Promise<Principal | null> {
    const session = await this.sessions.find(token);
    const permissions = session && PERMISSIONS_OF[session.role];
    if (session === null || permissions === null) return null;
    return { type: 'user', id: session.userId, permissions, requestsPerMinute: null };
  }
}
