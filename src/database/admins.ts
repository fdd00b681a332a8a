import type { Run, Statement } from './statements.js';

const LOCK: Statement = {
  name: 'lock-active-admins',
  // In id order, before any other user is locked. Under READ COMMITTED whoever had to wait sees who is left, and under REPEATABLE
  // READ is told to begin anew: in neither can two changes at once each count on the other's admin.
  text: `select id from users where role = 'admin' and status = 'active' and password_hash is not null
    order by id for no key update`,
};

/** The ids of the admins who can act, without a password nobody logs in as one, locked for the transaction, so that they stay that. */
export async function lockActiveAdmins(run: Run): Promise<string[]> {
  const { rows } = await run<{ id: string }>(LOCK, []);
  return rows.map(({ id }) => id);
}
