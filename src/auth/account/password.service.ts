import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { refuseGuessable } from '../../access/password-strength.js';
import { Passwords } from '../../access/passwords.js';
import { sessionActor, type SessionRequest } from '../../access/session.guard.js';
import { Clock } from '../../clock.js';
import { changePassword } from '../../database/logins.js';
import { deleteSessionsOf } from '../../database/sessions.js';
import { inTransaction } from '../../database/statements.js';
import { recordUserEvent } from '../../database/user-events.js';
import { Reauthentication } from '../reauthentication.js';
import type { ChangePassword } from './account.dto.js';

/** One's own password. */
@Injectable()
export class PasswordService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly passwords: Passwords,
    private readonly reauthentication: Reauthentication,
    private readonly clock: Clock,
  ) {}

  /**
   * Changes it and ends every session but this one.
   * @throws FieldErrors for a guessable one; ApiError 401 for a wrong old one, 429, 503
   */
  async change(body: ChangePassword, request: SessionRequest): Promise<void> {
    const { userId, username, email, sessionId } = request.session;
    const actor = sessionActor(request);
    const now = this.clock.now();
    const user = await this.reauthentication.confirm(body.old_password, actor, now);
    await refuseGuessable('new_password', body.new_password, [username, email]);
    const newHash = await this.passwords.hash(body.new_password);
    const isChanged = await this.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      const change = { userId, verifiedHash: user.passwordHash ?? '', newHash, now };
      if (!(await changePassword(run, change))) return false;
      await deleteSessionsOf(run, userId, sessionId);
      await recordUserEvent(manager, actor, now, request.session, { action: 'user.password_changed' });
      return true;
    });
    if (!isChanged) await this.reauthentication.refuse(user, 'changed meanwhile', actor, now);
  }
}
