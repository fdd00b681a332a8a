import { hash } from '@node-rs/argon2';
import { generatePassword, hashPassword, isOutdated, Passwords } from '../../src/access/passwords.js';

describe('passwords', () => {
  it('are hashed with argon2id as OWASP recommends, each with its own salt', async () => {
    const [one, other] = await Promise.all([hashPassword('the same'), hashPassword('the same')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(other);
  });

  it('are verified', async () => {
    const passwords = await Passwords.create();
    const stored = await passwords.hash('correct horse');
    await expect(passwords.verify(stored, 'correct horse')).resolves.toBe(true);
    await expect(passwords.verify(stored, 'correct horsf')).resolves.toBe(false);
  });

  it('are the same however the keyboard composes a letter', async () => {
    const passwords = await Passwords.create();
    const stored = await passwords.hash('Zoe\u0308');
    await expect(passwords.verify(stored, 'Zo\u00eb')).resolves.toBe(true);
  });

  it('never match where there is none, and still cost a verification', async () => {
    const passwords = await Passwords.create();
    const started = performance.now();
    await expect(passwords.verify(null, 'anything')).resolves.toBe(false);
    // A real verification reads 19 MiB twice; a short cut would take microseconds.
    expect(performance.now() - started).toBeGreaterThan(3);
  });

  it('are hashed anew only when the parameters have changed', async () => {
    expect(isOutdated(await hashPassword('x'))).toBe(false);
    const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1, algorithm: 2 };
    for (const change of [
      { memoryCost: 8_192 },
      { timeCost: 3 },
      { parallelism: 2 },
      { algorithm: 1 },
      { outputLen: 16 },
    ]) {
      expect(isOutdated(await hash('x', { ...parameters, ...change }))).toBe(true);
    }
  });

  it('are generated from letters that cannot be taken for one another', () => {
    const generated = Array.from({ length: 200 }, generatePassword);
    expect(new Set(generated).size).toBe(200);
    for (const password of generated) expect(password).toMatch(/^[A-HJ-NP-Za-km-np-z2-9]{20}$/);
  });
});
