import { createHmac } from 'node:crypto';
import { Pepper, type HashPurpose } from '../../src/signing/data-keys.js';

const secret = Buffer.alloc(32, 7);
const pepper = new Pepper(secret);

describe('Pepper', () => {
  it('is HMAC-SHA-256 over purpose and value', () => {
    const expected = createHmac('sha256', secret).update('license-key\0MOOR-1').digest();
    expect(pepper.hash('license-key', 'MOOR-1')).toEqual(expected);
  });

  it('differs by pepper, by value and by purpose', () => {
    const purposes: HashPurpose[] = ['license-key', 'download-token', 'api-key', 'session'];
    const hashes = [
      ...purposes.map((purpose) => pepper.hash(purpose, 'value')),
      pepper.hash('session', 'another'),
      new Pepper(Buffer.alloc(32, 8)).hash('session', 'value'),
    ];
    expect(new Set(hashes.map((hash) => hash.toString('hex'))).size).toBe(hashes.length);
  });
});
