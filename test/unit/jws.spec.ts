import { generateKeyPairSync } from 'node:crypto';
import { compactVerify, jwtVerify } from 'jose';
import { JWS_TYPES, signCompact } from '../../src/signing/jws.js';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const claims = { sub: 'ünïcödé ✓', iat: 1_767_225_600, exp: 4_102_444_800, nested: { b: 1, a: [null, 'x'] } };

describe('signCompact', () => {
  const jws = signCompact(privateKey, 'kid-1', JWS_TYPES.lease, claims);

  it('makes a JWS that jose verifies, with its key and kind named', async () => {
    const { payload, protectedHeader } = await jwtVerify(jws, publicKey, {
      algorithms: ['EdDSA'],
      typ: 'mooring-lease+jwt',
      currentDate: new Date(1_767_225_600_000),
    });
    expect(payload).toEqual(claims);
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: 'mooring-lease+jwt', kid: 'kid-1' });
  });

  it('gives the same bytes for the same claims in the same order, and keeps that order', async () => {
    expect(signCompact(privateKey, 'kid-1', JWS_TYPES.lease, { ...claims })).toBe(jws);
    const { payload } = await compactVerify(jws, publicKey);
    expect(Buffer.from(payload).toString()).toBe(JSON.stringify(claims));
  });

  it('is refused once a byte of it changes', async () => {
    const [header, payload, signature] = jws.split('.') as [string, string, string];
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'another' })).toString('base64url');
    expect(forged).not.toBe(payload);
    await expect(compactVerify(`${header}.${forged}.${signature}`, publicKey)).rejects.toThrow(
      'signature verification failed',
    );
  });
});
