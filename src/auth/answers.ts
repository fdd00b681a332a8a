import { SESSION_SECONDS } from '../domain/session-life.js';
import { ROLES, USER_STATUSES } from '../domain/roles.js';
import { EXAMPLE_SESSION } from '../http/examples.js';
import { always, choice, integer, object, resource, text, type Wire } from '../http/shapes.js';
import type { Login } from './login.service.js';

/** Who is logged in, as they see themselves. */
export const PERSON = resource('Person', {
  username: text({ example: 'maria' }),
  email: text({ example: 'maria@example.com' }),
  role: choice(ROLES),
  status: choice(USER_STATUSES),
});

export const personBody = ({ username, email, role, status }: Login['user']): Wire<typeof PERSON> => ({
  username,
  email,
  role,
  status,
});

export const LOGGED_IN = resource('LoggedIn', {
  token: text({
    example: EXAMPLE_SESSION,
    description: 'The session; it is sent as `Authorization: Bearer` and shown this once.',
  }),
  user: PERSON,
  expires_in: integer({ example: SESSION_SECONDS, description: 'Seconds until the session ends.' }),
});

export const SECOND_FACTOR_WANTED = resource('SecondFactorWanted', {
  requires_2fa: always(true),
  message: text({ example: 'Two-factor code required' }),
});

export const loggedInBody = ({ token, user }: Login): Wire<typeof LOGGED_IN> => ({
  token,
  user: personBody(user),
  expires_in: SESSION_SECONDS,
});

/** A right password of a user who has a second factor begins no session without it. */
export const loginBody = (login: Login | null) =>
  login === null ? { requires_2fa: true as const, message: 'Two-factor code required' } : loggedInBody(login);

/** A sentence that says what was done. */
export const message = (example: string) => object({ message: text({ example }) });
