import { PartialType } from '@nestjs/swagger';
import { PASSWORD_MAX, PASSWORD_MIN } from '../../access/passwords.js';
import { ROLES, USER_STATUSES, type Role, type UserStatus } from '../../domain/roles.js';
import { ChoiceField, EmailField, Text, UuidField } from '../../http/fields.js';
import { listQuery } from '../../http/pagination.js';

/** ASCII alone: a name in two alphabets can look like another's. An address will do. */
const USERNAME = /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/;

export class CreateUser {
  @Text({
    required: true,
    max: 100,
    pattern: USERNAME,
    example: 'maria',
    description: 'Unique in any case.',
  })
  username: string;

  @EmailField({ required: true, example: 'maria@example.com', description: 'Unique in any case.' })
  email: string;

  @ChoiceField(ROLES, {
    required: true,
    example: 'customer',
    description: 'admin: everything; support: reads; customer: the portal.',
  })
  role: Role;

  @Text({
    min: PASSWORD_MIN,
    max: PASSWORD_MAX,
    description: 'Hard to guess. Without one the user can only come in by SSO.',
  })
  password?: string;

  @UuidField({ nullable: true, description: 'Whose portal it is; for the role customer alone.' })
  customer_id?: string | null;
}

/** A new password, another role, another customer and a suspension end all sessions of the user at once. */
export class UpdateUser extends PartialType(CreateUser) {
  @ChoiceField(USER_STATUSES)
  status?: UserStatus;
}

export const USERS_SORTED = ['created_at', 'updated_at', 'username', 'email'] as const;

export class UsersQuery extends listQuery(USERS_SORTED) {
  @ChoiceField(ROLES)
  role?: Role;

  @ChoiceField(USER_STATUSES)
  status?: UserStatus;

  @UuidField()
  customer_id?: string;
}

export const SESSIONS_SORTED = ['last_seen_at', 'created_at', 'expires_at'] as const;

export class SessionsQuery extends listQuery(SESSIONS_SORTED) {}
