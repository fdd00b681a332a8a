import { createHash } from 'node:crypto';
import {
  artifactClaims,
  leaseClaims,
  leaseDigest,
  proofClaims,
  type LeaseInput,
  type LeaseTerms,
} from '../../src/signing/claims.js';

const terms: LeaseTerms = {
  hardwareId: 'ab'.repeat(32),
  product: 'panel',
  tier: 'pro',
  versionFloor: '2.1.0',
  limits: { domains: -1, accounts: 10 },
  features: ['dns', 'backup'],
  licenseExpiresAt: new Date('2027-01-01T00:00:00.999Z'),
  updatesUntil: null,
};

const lease: LeaseInput = {
  ...terms,
  issuer: 'https://license.example',
  licenseId: '0194a000-0000-7000-8000-000000000001',
  leaseId: '0194a000-0000-7000-8000-000000000002',
  issuedAt: new Date('2026-01-01T00:00:00.750Z'),
  refreshAfter: new Date('2026-01-02T00:00:00Z'),
  validUntil: new Date('2026-01-04T00:00:00Z'),
  graceUntil: new Date('2026-01-15T00:00:00Z'),
  seq: 1_767_225_600_750,
};

describe('claims', () => {
  it('of a lease say what is granted, to whom, and for how long', () => {
    expect(JSON.stringify(leaseClaims(lease))).toBe(
      JSON.stringify({
        iss: 'https://license.example',
        sub: lease.licenseId,
        jti: lease.leaseId,
        iat: 1_767_225_600,
        exp: 1_767_484_800,
        hwid: terms.hardwareId,
        product: 'panel',
        tier: 'pro',
        version_floor: '2.1.0',
        limits: { accounts: 10, domains: -1 },
        features: ['dns', 'backup'],
        license_expires_at: '2027-01-01T00:00:00Z',
        updates_until: null,
        refresh_after: '2026-01-02T00:00:00Z',
        grace_until: '2026-01-15T00:00:00Z',
        seq: 1_767_225_600_750,
      }),
    );
  });

  it('of a lease are the same text whatever order the limits come in', () => {
    const reordered = { ...lease, limits: { accounts: 10, domains: -1 } };
    expect(JSON.stringify(leaseClaims(reordered))).toBe(JSON.stringify(leaseClaims(lease)));
  });

  const proof = {
    issuer: lease.issuer,
    issuedAt: lease.issuedAt,
    code: 'REVOKED',
    licenseId: lease.licenseId,
    action: 'validate',
    hardwareId: terms.hardwareId,
    version: '2.2.0',
    leaseId: null,
    nonce: 'n'.repeat(16),
    requestBody: Buffer.from('{ "license_key": "…" }'),
  } as const;

  it('of a proof tie the verdict to the request', () => {
    expect(proofClaims(proof)).toEqual({
      code: 'REVOKED',
      sub: lease.licenseId,
      action: 'validate',
      hwid: terms.hardwareId,
      version: '2.2.0',
      lease_id: null,
      nonce: 'n'.repeat(16),
      request_sha256: createHash('sha256').update('{ "license_key": "…" }').digest('hex'),
      iat: 1_767_225_600,
      iss: lease.issuer,
    });
  });

  it('of a proof name no license when the key is unknown', () => {
    const claims = proofClaims({ ...proof, code: 'INVALID_KEY', licenseId: null });
    expect(Object.keys(claims)).not.toContain('sub');
  });

  it('of an artifact say what must have been downloaded', () => {
    const file = {
      product: 'panel',
      version: '2.2.0',
      platform: 'linux',
      arch: null,
      filename: 'panel-2.2.0.tar.gz',
      size: 1_024,
      sha256: 'cd'.repeat(32),
    };
    const { issuer, issuedAt, validUntil: expiresAt } = lease;
    expect(artifactClaims({ issuer, issuedAt, expiresAt, ...file })).toEqual({
      iss: issuer,
      iat: 1_767_225_600,
      exp: 1_767_484_800,
      ...file,
    });
  });
});

describe('leaseDigest', () => {
  const policy = { refreshAfterSeconds: 86_400, validForSeconds: 259_200, graceForSeconds: 1_209_600 };
  const digest = leaseDigest(terms, policy);

  it('is a SHA-256 that does not depend on the order of limits', () => {
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(leaseDigest({ ...terms, limits: { accounts: 10, domains: -1 } }, policy)).toBe(digest);
  });

  it('ignores what is drawn at issue', () => {
    const { issuedAt: _, ...later } = lease;
    expect(leaseDigest({ ...later, leaseId: 'another', seq: 2 } as LeaseTerms, policy)).toBe(digest);
  });

  it.each<[string, Partial<LeaseTerms>]>([
    ['the hardware', { hardwareId: 'cd'.repeat(32) }],
    ['the product', { product: 'mail' }],
    ['the tier', { tier: 'basic' }],
    ['the floor', { versionFloor: null }],
    ['a limit', { limits: { domains: -1, accounts: 11 } }],
    ['the limits', { limits: { domains: -1 } }],
    ['the features', { features: ['dns'] }],
    ['the license end', { licenseExpiresAt: null }],
    ['the updates window', { updatesUntil: new Date('2026-06-01T00:00:00Z') }],
  ])('changes with %s', (_what, change) => {
    expect(leaseDigest({ ...terms, ...change }, policy)).not.toBe(digest);
  });

  it.each(['refreshAfterSeconds', 'validForSeconds', 'graceForSeconds'] as const)(
    "changes with the policy's %s",
    (length) => {
      expect(leaseDigest(terms, { ...policy, [length]: 1 })).not.toBe(digest);
    },
  );
});
