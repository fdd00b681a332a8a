import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import { compactVerify, createLocalJWKSet, decodeJwt, decodeProtectedHeader } from 'jose';
import { CheckInWriter } from '../../src/licenses/check-in-writer.js';
import { rotateSigningKey } from '../../src/signing/rotation.js';
import { parseMasterKey } from '../../src/signing/master-key.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { untilLockWaits } from '../setup/locks.js';
import { until } from '../setup/until.js';

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const keys = async () => (await app.request('GET', '/api/v1/license/keys')).body;
const verify = async (jws: string) => {
  const { payload, protectedHeader } = await compactVerify(jws, createLocalJWKSet(await keys()));
  return { header: protectedHeader, claims: JSON.parse(new TextDecoder().decode(payload)) };
};
const activated = async (given: Parameters<TestApp['sell']>[0] = {}) => {
  const sold = await app.sell(given);
  const hardware = hardwareId();
  const { body } = await app.panel('activate', panelBody(sold.key, hardware));
  const validate = async (more: object = {}) =>
    (await app.panel('validate', panelBody(sold.key, hardware, more))).body;
  return { ...sold, hardware, lease: body.lease as string, validate };
};
const idOf = (jws: string) => decodeJwt(jws).jti;

describe('a lease', () => {
  it('is signed by a published key and says what the license grants', async () => {
    const { license, product, policy, hardware, lease } = await activated({
      policy: { limits: { domains: 3 }, features: ['mail'], minimum_version: '0.9.0' },
      license: { expires_at: '2028-01-01T00:00:00Z', updates_until: '2027-12-31T23:59:59.999Z' },
    });
    const { header, claims } = await verify(lease);
    expect(header).toEqual({ alg: 'EdDSA', typ: 'mooring-lease+jwt', kid: expect.any(String) });
    expect(claims).toEqual({
      iss: 'https://licenses.example.test',
      sub: license.id,
      jti: expect.any(String),
      iat: app.clock.now().getTime() / 1000,
      exp: app.clock.now().getTime() / 1000 + 72 * 3600,
      hwid: hardware,
      product: product.code,
      tier: policy.code,
      version_floor: '0.9.0',
      limits: { domains: 3 },
      features: ['mail'],
      license_expires_at: '2028-01-01T00:00:00Z',
      updates_until: '2027-12-31T23:59:59Z',
      refresh_after: expect.stringMatching(/Z$/),
      grace_until: '2027-03-15T12:00:00Z',
      seq: app.clock.now().getTime(),
    });
  });

  it('is answered again byte for byte within the hour, and replaced after it', async () => {
    const { lease, validate } = await activated();
    app.clock.advance({ seconds: 3599 });
    expect((await validate()).lease).toBe(lease);
    app.clock.advance({ seconds: 1 });
    const renewed = (await validate()).lease;
    expect(idOf(renewed)).not.toBe(idOf(lease));
    expect(decodeJwt(renewed).seq).toBeGreaterThan(Number(decodeJwt(lease).seq));
  });

  it('is replaced at once when what it says has changed', async () => {
    const { license, lease, validate } = await activated();
    await app.must('PATCH', `/licenses/${license.id}`, { limits: { accounts: 1 } });
    const renewed = (await validate()).lease;
    expect(idOf(renewed)).not.toBe(idOf(lease));
    expect(decodeJwt(renewed)).toMatchObject({ limits: { accounts: 1 } });
  });

  it('says one thing under one id, though the license changes while two calls renew it', async () => {
    const { license, hardware, validate } = await activated();
    await app.must('PATCH', `/licenses/${license.id}`, { limits: { accounts: 1 } });
    const holder = app.dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('select id from activations where hardware_id = $1 for update', [hardware]);
    const writer = app.nest.get(CheckInWriter, { strict: false });
    const save = jest.spyOn(writer, 'save');
    const calls = [validate(), validate()];
    // Both have decided what to write, and wait as one.
    await until(
      () => save.mock.calls.length,
      (decided) => decided === calls.length,
    );
    save.mockRestore();
    await untilLockWaits(app);
    await app.must('PATCH', `/licenses/${license.id}`, { limits: { accounts: 2 } });
    await holder.commitTransaction();
    await holder.release();
    const [one, other] = (await Promise.all(calls)).map(({ lease }) => decodeJwt(lease)) as [any, any];
    expect([one.limits.accounts, other.limits.accounts].toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(one.jti).not.toBe(other.jti);
    expect(one.seq).not.toBe(other.seq);
  });

  it('never outlives the license', async () => {
    const { license, validate } = await activated();
    await app.must('PATCH', `/licenses/${license.id}`, {
      expires_at: new Date(app.clock.now().getTime() + 5_500).toISOString(),
    });
    const { check_in: times, lease } = await validate();
    const end = new Date(Math.floor((app.clock.now().getTime() + 5_500) / 1000) * 1000);
    const iso = end.toISOString().replace('.000Z', 'Z');
    expect(times).toEqual({ refresh_after: iso, valid_until: iso, grace_until: iso });
    expect(decodeJwt(lease).exp).toBe(end.getTime() / 1000);
  });

  it('keeps counting when a seat is given back and taken again, even with a clock that goes back', async () => {
    const { key, hardware, lease } = await activated();
    await app.panel('deactivate', panelBody(key, hardware));
    const before = app.clock.now();
    app.clock.advance({ days: -2 });
    const { body } = await app.panel('activate', panelBody(key, hardware));
    app.clock.set(before);
    expect(decodeJwt(body.lease).seq).toBeGreaterThan(Number(decodeJwt(lease).seq));
  });

  it('lasts as long as the policy says, read live', async () => {
    const { policy, validate } = await activated();
    await app.must('PATCH', `/policies/${policy.id}`, {
      lease: { refresh_after: 60, valid_for: 120, grace_for: 180 },
    });
    const { check_in: times } = await validate();
    const seconds = (iso: string) => (new Date(iso).getTime() - app.clock.now().getTime()) / 1000;
    expect(seconds(times.valid_until)).toBe(120);
    expect(seconds(times.grace_until)).toBe(180);
    expect(seconds(times.refresh_after)).toBeLessThanOrEqual(66);
  });
});

describe('a proof', () => {
  const nonce = 'n-0123456789abcdef';

  it('ties a verdict to the request, valid or refused', async () => {
    const { license, key, hardware, lease } = await activated();
    const ask = async (action: 'validate' | 'activate', body: object) => {
      const raw = JSON.stringify(body, null, 1);
      const answer = await app.request('POST', `/api/v1/license/${action}`, {
        raw,
        headers: { 'content-type': 'application/json' },
      });
      const { header, claims } = await verify(answer.body.proof);
      expect(header.typ).toBe('mooring-proof+jwt');
      expect(claims.request_sha256).toBe(createHash('sha256').update(raw).digest('hex'));
      return claims;
    };
    expect(await ask('validate', panelBody(key, hardware, { nonce, lease_id: idOf(lease) }))).toMatchObject({
      code: 'VALID',
      sub: license.id,
      action: 'validate',
      hwid: hardware,
      version: '1.0.0',
      lease_id: idOf(lease),
      nonce,
      iat: Math.floor(app.clock.now().getTime() / 1000),
    });
    expect(await ask('activate', panelBody(key, hardwareId(), { nonce }))).toMatchObject({
      code: 'MAX_ACTIVATIONS',
      action: 'activate',
      lease_id: null,
    });
    const unknown = await ask('validate', panelBody('UNKNOWN', hardware, { nonce }));
    expect(unknown.code).toBe('INVALID_KEY');
    expect(unknown).not.toHaveProperty('sub');
  });

  it('is only made when a nonce was sent', async () => {
    const { validate } = await activated();
    expect(await validate()).not.toHaveProperty('proof');
  });
});

describe('the signing keys', () => {
  it('are the same JWK Set at both addresses, and cacheable', async () => {
    const here = await app.request('GET', '/api/v1/license/keys');
    const there = await app.request('GET', '/.well-known/jwks.json');
    expect(there.body).toEqual(here.body);
    expect(here.headers.get('cache-control')).toMatch(/max-age/);
    expect(here.body.keys[0]).toMatchObject({ kty: 'OKP', crv: 'Ed25519', endorsements: [] });
    expect(here.body.keys[0]).not.toHaveProperty('d');
  });

  it('replace the leases of a compromised key at the very next call', async () => {
    const { lease, validate } = await activated();
    const { kid } = decodeProtectedHeader(lease);
    const now = app.clock.now();
    await app.dataSource.transaction((manager) =>
      rotateSigningKey(manager, {
        masterKey: parseMasterKey(app.config.MASTER_KEY ?? ''),
        now,
        issuer: app.config.PUBLIC_URL,
        compromised: kid,
      }),
    );
    const renewed = (await validate()).lease;
    expect(decodeProtectedHeader(renewed).kid).not.toBe(kid);
    expect((await keys()).keys.map((key: { kid: string }) => key.kid)).not.toContain(kid);
    await verify(renewed);
  });
});
