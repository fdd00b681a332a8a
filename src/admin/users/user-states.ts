import type { User } from '../../database/entities/index.js';
import type { UpdateUser } from './users.dto.js';

export interface UserChange extends Omit<UpdateUser, 'password'> {
  readonly passwordHash?: string | undefined;
}

/** What a user becomes. One who leaves the role `customer` leaves the customer as well, unless that is named, which is refused. */
export function changedUser(row: User, { customer_id, passwordHash, ...change }: UserChange): User {
  const { username = row.username, email = row.email, role = row.role, status = row.status } = change;
  const kept = role === 'customer' ? row.customerId : null;
  return {
    ...row,
    username,
    email,
    role,
    status,
    customerId: customer_id === undefined ? kept : (customer_id?.toLowerCase() ?? null),
    // A new password opens an account that was locked by those who guessed at the old one.
    ...(passwordHash !== undefined && { passwordHash, failedLogins: 0, lockedUntil: null }),
  };
}

/** Admins can't come in by SSO: one without a password can't come in at all. */
const canAdminister = ({ role, status, passwordHash }: User): boolean =>
  role === 'admin' && status === 'active' && passwordHash !== null;

export const losesAdmin = (row: User, changed: User): boolean =>
  canAdminister(row) && !canAdminister(changed);

/** What a session was opened with, or for, is no longer so. */
export const endsSessions = (row: User, changed: User): boolean =>
  changed.passwordHash !== row.passwordHash ||
  changed.role !== row.role ||
  changed.customerId !== row.customerId ||
  changed.status === 'suspended';
