import { generatePassword, hashPassword } from '../access/passwords.js';
import { ADMIN_USERNAME } from '../auth/bootstrap.js';
import { recordAudit } from '../database/audit.js';
import { deleteSessionsOf } from '../database/credentials.js';
import { resetAdminPassword } from '../database/logins.js';
import { inTransaction } from '../database/statements.js';
import { SYSTEM } from '../domain/actor.js';
import { StartupError } from '../startup-error.js';
import type { Command } from './command.js';

export const resetAdminPasswordCommand: Command = {
  options: { username: { value: 'NAME', help: `the admin's name (${ADMIN_USERNAME})` } },
  help: [
    'Gives an admin a new password and prints it. Unlocks and reactivates the account and ends',
    'all of its sessions.',
  ],
  async run({ database, clock, say }, { username = ADMIN_USERNAME }) {
    const password = generatePassword();
    const passwordHash = await hashPassword(password);
    const now = clock.now();
    await database.dataSource.transaction(async (manager) => {
      const run = await inTransaction(manager);
      const userId = await resetAdminPassword(run, username, passwordHash, now);
      if (userId === null) throw new StartupError(`There is no admin '${username}'.`);
      await deleteSessionsOf(run, userId);
      await recordAudit(manager, SYSTEM, now, {
        action: 'user.password_reset',
        subjectType: 'user',
        subjectId: userId,
      });
    });
    say(`New password of ${username}: ${password}`);
  },
};
