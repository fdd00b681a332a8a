import { isLocked } from './failed-proofs.js';
import type { UserStatus } from './roles.js';

export type LoginRefusal =
  'unknown user' | 'wrong password' | 'wrong code' | 'suspended' | 'locked' | 'changed meanwhile';

/** Why a log-in fails; null when it does not. For the audit log alone: the caller hears the same words every time. */
export function loginRefusalOf(
  user: { readonly status: UserStatus; readonly lockedUntil: Date | null } | null,
  matches: boolean,
  now: Date,
): LoginRefusal | null {
  if (user === null) return 'unknown user';
  if (user.status !== 'active') return 'suspended';
  if (isLocked(user.lockedUntil, now)) return 'locked';
  return matches ? null : 'wrong password';
}
