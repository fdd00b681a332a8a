import { createDataSource } from '../../src/database/data-source.js';
import { differences, personalDifferences, wholeRow } from '../../src/database/differences.js';
import { ApiKey, User } from '../../src/database/entities/index.js';

const dataSource = createDataSource({ url: 'postgres://nowhere' });
// What a connection would do first, without one.
beforeAll(() => (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas());

const hash = Buffer.from('secret');
const user = { id: '1', username: 'ann', passwordHash: 'argon2', lockedUntil: null } as User;

describe('what the audit log tells of a row', () => {
  it('never holds a hash, a sealed secret or a hashed password', () => {
    const users = dataSource.getMetadata(User);
    const keys = dataSource.getMetadata(ApiKey);
    expect(differences(users, user, { passwordHash: 'other', username: 'eve' })).toEqual({
      password_hash: { withheld: true },
      username: { from: 'ann', to: 'eve' },
    });
    expect(differences(keys, { hash } as ApiKey, { hash: Buffer.from('other') })).toEqual({
      hash: { withheld: true },
    });
    expect(personalDifferences(users, user, { passwordHash: 'other' }, ['passwordHash'])).toEqual({});
    expect(wholeRow(users, user, 'created')).toEqual({ username: { from: null, to: 'ann' } });
    expect(wholeRow(keys, { name: 'Portal', hash } as ApiKey, 'deleted')).toEqual({
      name: { from: 'Portal', to: null },
    });
  });

  it('tells what may name a person only apart from the rest', () => {
    const users = dataSource.getMetadata(User);
    const change = { username: 'eve', role: 'admin' } as const;
    expect(differences(users, user, change, ['username'])).toEqual({
      username: { withheld: true },
      role: { from: undefined, to: 'admin' },
    });
    expect(personalDifferences(users, user, change, ['username'])).toEqual({
      username: { from: 'ann', to: 'eve' },
    });
    expect(wholeRow(users, user, 'created', ['username'])).toEqual({});
  });
});
