export const ROLES = ['admin', 'support', 'customer'] as const;
export type Role = (typeof ROLES)[number];

export const USER_STATUSES = ['active', 'suspended'] as const;
export type UserStatus = (typeof USER_STATUSES)[number];

/** What a person may do on the admin plane, in the words of API keys; null keeps the role out of it. */
export const PERMISSIONS_OF = {
  admin: ['all'],
  support: ['read'],
  customer: null,
} as const satisfies Record<Role, readonly string[] | null>;
