import { randomUUID } from 'node:crypto';
import { hashPassword } from '../../src/access/passwords.js';
import type { Answer, TestApp } from './app.js';

/** What every user made here logs in with. */
export const RIGHT = 'the right one';

/** A user of an own name; answers the row. */
export async function addUser(
  app: TestApp,
  change: { role?: string; status?: string; passwordHash?: string; customerId?: string | null } = {},
): Promise<any> {
  const username = `User-${randomUUID()}`;
  const { role = 'admin', status = 'active', customerId = null } = change;
  const passwordHash = change.passwordHash ?? (await hashPassword(RIGHT));
  const [user] = await app.sql(
    `insert into users (id, username, email, role, status, password_hash, customer_id, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $8) returning *`,
    [
      randomUUID(),
      username,
      `${username}@example.test`,
      role,
      status,
      passwordHash,
      customerId,
      app.clock.now(),
    ],
  );
  return user;
}

export const login = (
  app: TestApp,
  username: unknown,
  password: unknown,
  more: object = {},
): Promise<Answer> => app.request('POST', '/api/v1/auth/login', { body: { username, password, ...more } });

/** The token of a new session. */
export const tokenOf = async (app: TestApp, user: { username: string }): Promise<string> =>
  (await login(app, user.username, RIGHT)).body.token;

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** What the audit log holds of a user, oldest first. */
export const userEvents = (app: TestApp, action: string, userId: string): Promise<any[]> =>
  app.sql('select * from audit_events where action = $1 and subject_id = $2 order by id', [action, userId]);
