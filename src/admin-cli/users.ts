import { Passwords, generatePassword, hashPassword } from '../access/passwords.js';
import { CreateUser } from '../admin/users/users.dto.js';
import { UsersService } from '../admin/users/users.service.js';
import { ADMIN_USERNAME } from '../auth/bootstrap.js';
import { resetPassword } from '../database/logins.js';
import { clearSecondFactor } from '../database/second-factors.js';
import { deleteSessionsOf } from '../database/sessions.js';
import { inTransaction } from '../database/statements.js';
import { recordUserEvent } from '../database/user-events.js';
import { SYSTEM } from '../domain/actor.js';
import { StartupError } from '../startup-error.js';
import type { Command } from './command.js';
import { openKeysOf } from './open-keys-of.js';
import { asBody, inItsWords } from './read-options.js';
import { ReadReplica } from '../database/read-replica.js';

/** Whoever sits at the machine may do everything. */
export const OPERATOR = { actor: SYSTEM, permissions: ['all'] } as const;

export const createUserCommand: Command = {
  options: {
    username: { value: 'NAME', help: 'what the user logs in with' },
    email: { value: 'ADDRESS', help: 'their e-mail address' },
    role: { value: 'ROLE', help: 'admin, support (reads everything) or customer (the portal)' },
    'customer-id': { value: 'ID', help: 'whose portal it is, for a customer' },
  },
  help: ['Makes a user and prints a password for them, once.'],
  async run(place, given) {
    const { database, clock, say } = place;
    await openKeysOf(place);
    const password = generatePassword();
    const user = await inItsWords(async () => {
      const body = asBody(CreateUser, given);
      const users = new UsersService(
        database.dataSource,
        ReadReplica.absent(database.dataSource),
        await Passwords.create(),
        clock,
      );
      return users.create({ ...body, password }, OPERATOR);
    });
    say(`Password of ${user.username}: ${password}`);
  },
};

export const resetPasswordCommand: Command = {
  options: {
    username: { value: 'NAME', help: `whose (${ADMIN_USERNAME})` },
    'two-factor': { value: 'keep|off', help: 'what becomes of the second factor (keep)' },
  },
  help: [
    'Gives a user a new password and prints it, once. Unlocks and reactivates the account and ends',
    'all of its sessions. With --two-factor off the password alone logs in again.',
  ],
  async run(place, { username = ADMIN_USERNAME, 'two-factor': factor = 'keep' }) {
    if (factor !== 'keep' && factor !== 'off') throw new StartupError('--two-factor must be keep or off.');
    const { database, clock, say } = place;
    await openKeysOf(place);
    const password = generatePassword();
    const passwordHash = await hashPassword(password);
    const now = clock.now();
    await database.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      const user = await resetPassword(run, username, passwordHash, now);
      if (user === null) throw new StartupError(`There is no user '${username}'.`);
      const hasLostFactor = factor === 'off' && (await clearSecondFactor(run, user.userId));
      await deleteSessionsOf(run, user.userId);
      await recordUserEvent(manager, SYSTEM, now, user, {
        action: 'user.password_reset',
        details: { two_factor_reset: hasLostFactor },
      });
    });
    say(`New password of ${username}: ${password}`);
  },
};
