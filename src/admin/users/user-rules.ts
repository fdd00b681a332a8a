import { IsNull, type EntityManager } from 'typeorm';
import { lockActiveAdmins } from '../../database/admins.js';
import { Customer, type User } from '../../database/entities/index.js';
import { inTransaction } from '../../database/statements.js';
import { PERMISSIONS_OF, type Role } from '../../domain/roles.js';
import { conflict, fieldErrors, forbidden } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import { firstNotHeld } from '../api-keys/grants.js';
import type { Asker } from '../asker.js';

/**
 * Nobody may make, change or remove a user that reaches further on the admin plane than they do themselves: a key that may only
 * manage users could else make itself an admin, or give one a password that it knows. Customers reach nothing there, so that
 * `users:write` is enough to give out log-ins of theirs, which can do what the portal can.
 * @throws ApiError 403
 */
export function refuseBeyond({ permissions }: Asker, roles: readonly Role[]): void {
  const beyond = roles.find((role) => firstNotHeld(permissions, PERMISSIONS_OF[role] ?? []) !== null);
  if (beyond !== undefined) throw forbidden(`API key cannot manage a user with the role '${beyond}'`);
}

/**
 * Holds the customer that a user is of for the transaction.
 * @throws FieldErrors when there is none, when it was erased, and for a user whose role has no portal
 */
export async function requireCustomer(
  manager: EntityManager,
  { role, customerId }: Pick<User, 'role' | 'customerId'>,
): Promise<void> {
  if (customerId === null) return;
  if (role !== 'customer') throw fieldErrors({ customer_id: [sentence('prohibited', 'customer_id')] });
  const customer = await manager.findOne(Customer, {
    select: { id: true },
    where: { id: customerId, erasedAt: IsNull() },
    // Against an erasure at the same moment, which would miss this user.
    lock: { mode: 'pessimistic_read' },
  });
  if (customer === null) throw fieldErrors({ customer_id: [sentence('selected', 'customer_id')] });
}

/**
 * Locks the admins who can act before any of them is changed.
 * @returns a function that refuses with a 409 to lose the last of them
 */
export async function holdAdmins(manager: EntityManager): Promise<(userId: string) => void> {
  const admins = await lockActiveAdmins(await inTransaction(manager));
  return (userId) => {
    if (admins.length === 1 && admins[0] === userId) throw conflict('The last active admin must stay.');
  };
}
