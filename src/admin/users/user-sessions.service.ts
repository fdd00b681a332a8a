import { Injectable } from '@nestjs/common';
import { Sessions } from '../../access/sessions.js';
import { Clock } from '../../clock.js';
import { Session } from '../../database/entities/index.js';
import { listPage } from '../../database/list.js';
import { ReadReplica } from '../../database/read-replica.js';
import { idleSince } from '../../domain/session-life.js';
import type { Asker } from '../asker.js';
import { refuseBeyond } from './user-rules.js';
import type { SESSIONS_SORTED, SessionsQuery } from './users.dto.js';
import { UsersService } from './users.service.js';

const SORTED = {
  created_at: 'session.createdAt',
  last_seen_at: 'session.lastSeenAt',
  expires_at: 'session.expiresAt',
} as const satisfies Record<(typeof SESSIONS_SORTED)[number], string>;

/** Where a user is logged in. */
@Injectable()
export class UserSessionsService {
  constructor(
    private readonly replica: ReadReplica,
    private readonly users: UsersService,
    private readonly sessions: Sessions,
    private readonly clock: Clock,
  ) {}

  /** Those that are open. @throws ApiError 404 */
  async list(userId: string, query: SessionsQuery): Promise<[Session[], number]> {
    const { id } = await this.users.get(userId);
    const now = this.clock.now();
    const isOpen = 'session.userId = :id and session.expiresAt > :now and session.lastSeenAt > :idleSince';
    const columns = { searched: ['session.address', 'session.userAgent'], sorted: SORTED };
    return this.replica.read(({ manager }) =>
      listPage(
        manager.createQueryBuilder(Session, 'session').where(isOpen, { id, now, idleSince: idleSince(now) }),
        query,
        columns,
      ),
    );
  }

  /** @throws ApiError 403 for a user that reaches further than the asker, 404 */
  async revoke(userId: string, sessionId: string, asker: Asker): Promise<void> {
    const { id, role, customerId } = await this.users.get(userId);
    refuseBeyond(asker, [role]);
    await this.sessions.revoke({ userId: id, customerId }, sessionId, asker.actor);
  }

  /** Answers how many there were. @throws ApiError 403 for a user that reaches further than the asker, 404 */
  async revokeAll(userId: string, asker: Asker): Promise<number> {
    const { id, role, customerId } = await this.users.get(userId);
    refuseBeyond(asker, [role]);
    return this.sessions.closeAll({ userId: id, customerId }, asker.actor);
  }
}
