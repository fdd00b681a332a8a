import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { refuseGuessable } from '../../access/password-strength.js';
import { Passwords } from '../../access/passwords.js';
import { Clock } from '../../clock.js';
import { User } from '../../database/entities/index.js';
import { ReadReplica } from '../../database/read-replica.js';
import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import { Records, taken, type RecordKind } from '../records.js';
import type { Asker } from '../asker.js';
import { refuseBeyond, requireCustomer } from './user-rules.js';
import type { CreateUser, USERS_SORTED, UsersQuery } from './users.dto.js';

export const USERS = {
  entity: User,
  subject: 'user',
  name: 'User',
  identity: ({ role }) => ({ role }),
  personal: ['username', 'email'],
  withheld: ['failedLogins', 'lockedUntil', 'totpLastStep'],
  customerOf: ({ customerId }) => customerId,
  conflicts: {
    users_username_idx: () => taken('username'),
    users_email_idx: () => taken('email'),
    users_customer_id_fkey: () => fieldErrors({ customer_id: [sentence('selected', 'customer_id')] }),
    users_customer_id_check: () => fieldErrors({ customer_id: [sentence('prohibited', 'customer_id')] }),
  },
} as const satisfies RecordKind<User>;

const SORTED = {
  created_at: 'record.createdAt',
  updated_at: 'record.updatedAt',
  username: 'record.username',
  email: 'record.email',
} as const satisfies Record<(typeof USERS_SORTED)[number], string>;

@Injectable()
export class UsersService {
  private readonly records: Records<User>;

  constructor(
    dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly passwords: Passwords,
    private readonly clock: Clock,
  ) {
    this.records = new Records(dataSource, USERS);
  }

  list(query: UsersQuery): Promise<[User[], number]> {
    return this.records.list(this.replica, query, {
      searched: ['record.username', 'record.email'],
      sorted: SORTED,
      filtered: {
        'record.role': query.role,
        'record.status': query.status,
        'record.customerId': query.customer_id,
      },
    });
  }

  get(id: string): Promise<User> {
    return this.records.get(id);
  }

  /** @throws ApiError 403 for a role that reaches further than the asker, 409 for a taken name; FieldErrors */
  async create(body: CreateUser, asker: Asker): Promise<User> {
    refuseBeyond(asker, [body.role]);
    const { username, email, role, password } = body;
    if (password !== undefined) await refuseGuessable('password', password, [username, email]);
    const now = this.clock.now();
    const row: User = {
      id: uuidv7(),
      username,
      email,
      role,
      status: 'active',
      passwordHash: password === undefined ? null : await this.passwords.hash(password),
      failedLogins: 0,
      lockedUntil: null,
      customerId: body.customer_id?.toLowerCase() ?? null,
      totpSecret: null,
      totpEnabledAt: null,
      totpLastStep: null,
      createdAt: now,
      updatedAt: now,
    };
    return this.records.insert(row, { actor: asker.actor, now }, (manager) => requireCustomer(manager, row));
  }
}
