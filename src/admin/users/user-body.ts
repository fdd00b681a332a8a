import type { Session, User } from '../../database/entities/index.js';
import { ROLES, USER_STATUSES } from '../../domain/roles.js';
import { choice, flag, id, instant, nullable, resource, text, type Wire } from '../../http/shapes.js';

export const USER = resource('User', {
  id: id('User'),
  username: text({ example: 'maria' }),
  email: text({ example: 'maria@example.com' }),
  role: choice(ROLES, { example: 'customer' }),
  status: choice(USER_STATUSES),
  customer_id: nullable(id('Customer'), { example: null }),
  has_password: flag({ description: 'Without one the user can only come in by SSO.' }),
  two_factor_enabled: flag(),
  created_at: instant(),
  updated_at: instant(),
});

export const userBody = (row: User): Wire<typeof USER> => ({
  id: row.id,
  username: row.username,
  email: row.email,
  role: row.role,
  status: row.status,
  customer_id: row.customerId,
  has_password: row.passwordHash !== null,
  two_factor_enabled: row.totpEnabledAt !== null,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
});

export const USER_SESSION = resource('UserSession', {
  id: id('Session'),
  origin: choice(['password', 'sso']),
  address: nullable(text({ example: '192.0.2.7' })),
  user_agent: nullable(text({ example: 'Mozilla/5.0' })),
  created_at: instant(),
  last_seen_at: instant({ description: 'To the minute.' }),
  expires_at: instant(),
});

export const sessionBody = (row: Session): Wire<typeof USER_SESSION> => ({
  id: row.id,
  origin: row.origin,
  address: row.address,
  user_agent: row.userAgent,
  created_at: row.createdAt,
  last_seen_at: row.lastSeenAt,
  expires_at: row.expiresAt,
});
