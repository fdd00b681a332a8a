import { changedUser, endsSessions, losesAdmin, type UserChange } from '../../src/admin/users/user-states.js';
import type { User } from '../../src/database/entities/index.js';

const NOW = new Date('2027-03-01T12:00:00.000Z');

const user = (change: Partial<User> = {}): User => ({
  id: 'u',
  username: 'maria',
  email: 'maria@example.com',
  role: 'admin',
  status: 'active',
  passwordHash: 'old',
  failedLogins: 3,
  lockedUntil: NOW,
  customerId: null,
  totpSecret: null,
  totpEnabledAt: null,
  totpLastStep: null,
  createdAt: NOW,
  updatedAt: NOW,
  ...change,
});

const customer = user({ role: 'customer', customerId: 'c' });

describe('a change of a user', () => {
  it('leaves what it does not mention', () => expect(changedUser(customer, {})).toEqual(customer));

  it.each([
    [{ role: 'support' }, null],
    [{ role: 'customer' }, 'c'],
    [{ customer_id: null }, null],
    [{ customer_id: 'd' }, 'd'],
    [{ role: 'support', customer_id: 'd' }, 'd'],
  ] as const)('%j makes the customer %s', (change, expected) =>
    expect(changedUser(customer, change).customerId).toBe(expected),
  );

  it('opens a locked account with a new password', () =>
    expect(changedUser(user(), { passwordHash: 'new' })).toMatchObject({
      passwordHash: 'new',
      failedLogins: 0,
      lockedUntil: null,
    }));

  it.each([
    [{}, false, false],
    [{ email: 'x@example.com' }, false, false],
    [{ passwordHash: 'new' }, false, true],
    [{ role: 'support' }, true, true],
    [{ status: 'suspended' }, true, true],
    [{ role: 'admin', status: 'active' }, false, false],
  ] as const)('%j of an admin loses one: %s, and ends sessions: %s', (change: UserChange, loses, ends) => {
    const changed = changedUser(user(), change);
    expect([losesAdmin(user(), changed), endsSessions(user(), changed)]).toEqual([loses, ends]);
  });

  it('ends the sessions of who goes to another customer, for they tell of the time before', () => {
    const row = user({ role: 'customer', customerId: 'a' });
    expect(endsSessions(row, changedUser(row, { customer_id: 'b' }))).toBe(true);
    expect(endsSessions(row, changedUser(row, { customer_id: 'a' }))).toBe(false);
  });

  it.each([
    [user({ status: 'suspended' }), { role: 'support' }],
    [user({ role: 'support' }), { status: 'suspended' }],
    [user({ passwordHash: null }), { role: 'support' }],
  ] as const)('of who is no active admin loses none', (row, change) =>
    expect(losesAdmin(row, changedUser(row, change))).toBe(false),
  );
});
