import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import {
  calculateJwkThumbprint,
  compactVerify,
  createLocalJWKSet,
  decodeProtectedHeader,
  importJWK,
  type JWK,
} from 'jose';
import type { DataSource } from 'typeorm';
import { authenticateAudit } from '../../src/database/audit-mac.js';
import { createDataSource } from '../../src/database/data-source.js';
import { readKeyRing } from '../../src/database/key-store.js';
import { auditMac } from '../../src/signing/audit-seal.js';
import { DataKeys, Pepper } from '../../src/signing/data-keys.js';
import { JWS_TYPES } from '../../src/signing/jws.js';
import { KeyRing } from '../../src/signing/key-ring.js';
import { listedAt, type JwkSet } from '../../src/signing/key-rules.js';
import { MasterKey, UnwrapError } from '../../src/signing/master-key.js';
import { rotateMasterKey, rotateSigningKey } from '../../src/signing/rotation.js';
import { UnusableKeyError } from '../../src/signing/signing-key.js';
import { StartupError } from '../../src/startup-error.js';
import { SettableClock } from '../setup/clock.js';
import { cloneDatabase } from '../setup/database.js';

const issuer = 'https://license.example';
const masterKey = new MasterKey(randomBytes(32));
const start = new Date('2026-01-01T00:00:00Z');
const claims = { iss: issuer, sub: 'a license', seq: 1 };

const after = (time: Date, days: number) => new Date(time.getTime() + days * 86_400_000);
const clock = new SettableClock(start);
let database: Awaited<ReturnType<typeof cloneDatabase>>;
/** Two nodes: each with a pool and a ring of its own. */
let nodeA: DataSource;
let nodeB: DataSource;

beforeAll(async () => {
  database = await cloneDatabase();
  [nodeA, nodeB] = (await Promise.all(
    [1, 2].map(() => createDataSource({ url: database.url, poolSize: 4 }).initialize()),
  )) as [DataSource, DataSource];
  // A rotation is recorded, and nothing is recorded without what authenticates it.
  const mac = auditMac(new Pepper(randomBytes(32)));
  for (const node of [nodeA, nodeB]) authenticateAudit(node, mac);
});

afterAll(async () => {
  await Promise.all([nodeA, nodeB].map((node) => node.destroy()));
  await database.drop();
});

beforeEach(async () => {
  jest.restoreAllMocks();
  clock.set(start);
  await nodeA.query('truncate data_keys, signing_keys, key_ring');
});

const ringOn = (dataSource: DataSource, key = masterKey) =>
  new KeyRing({ dataSource, masterKey: key, clock, issuer });

const started = async (dataSource: DataSource): Promise<KeyRing> => {
  const ring = ringOn(dataSource);
  await ring.start();
  return ring;
};

const stored = () => readKeyRing(nodeA.manager);

const rotate = async (
  change: { now?: Date; signsFrom?: Date; compromised?: string; key?: MasterKey } = {},
) => {
  const { now = clock.now(), key = masterKey, ...rest } = change;
  return rotateSigningKey(nodeA.manager, { masterKey: key, now, issuer, ...rest });
};

const catchUp = async (ring: KeyRing) => ring.ensureVersion((await stored()).version);

const lease = (ring: KeyRing, kid?: string) =>
  ring.sign(JWS_TYPES.lease, claims, { kid, validUntil: after(clock.now(), 14) });

const kidOf = (jws: string) => decodeProtectedHeader(jws).kid;

const kidsOf = ({ keys }: JwkSet) => keys.map(({ kid }) => kid);

/** The payload of a JWS that the published keys verify. */
async function verified(jws: string, keys: JwkSet): Promise<unknown> {
  const { payload } = await compactVerify(jws, createLocalJWKSet({ keys: [...keys.keys] }), {
    algorithms: ['EdDSA'],
  });
  return JSON.parse(Buffer.from(payload).toString());
}

/** A panel: trusts the keys it pinned, and each published key that a trusted one endorses. Answers the kids it trusts. */
async function trusted(pinned: readonly JWK[], { keys }: JwkSet): Promise<string[]> {
  const trust = new Map(pinned.map((key) => [key.kid, key]));
  for (const key of keys.flatMap(() => keys)) {
    for (const endorsement of key.endorsements) {
      const { kid: by = '', typ } = decodeProtectedHeader(endorsement);
      const endorser = trust.get(by);
      if (endorser === undefined || typ !== 'mooring-key+jwt') continue;
      const { payload } = await compactVerify(endorsement, await importJWK(endorser, 'EdDSA'));
      const { sub } = JSON.parse(Buffer.from(payload).toString()) as { sub: string };
      if (sub === (await calculateJwkThumbprint(key))) trust.set(key.kid, key);
    }
  }
  return [...trust.keys()] as string[];
}

describe('the first start', () => {
  it('makes one key, also when several nodes start at once', async () => {
    const rings = [nodeA, nodeB, nodeA, nodeB].map((node) => ringOn(node));
    await Promise.all(rings.map((ring) => ring.start()));
    const { version, keys } = await stored();
    expect(keys).toHaveLength(1);
    expect(version).toBe('1');
    expect(rings.map((ring) => ring.signer(start).kid)).toEqual(rings.map(() => keys[0]?.kid));
  });

  it('publishes an Ed25519 key named by its thumbprint, and keeps no private half in the clear', async () => {
    const ring = await started(nodeA);
    const { keys } = await ring.jwks(start);
    const [key] = keys;
    expect(keys).toEqual([
      {
        kty: 'OKP',
        crv: 'Ed25519',
        x: expect.any(String),
        kid: key?.kid,
        alg: 'EdDSA',
        use: 'sig',
        endorsements: [],
      },
    ]);
    expect(await calculateJwkThumbprint(key as JWK)).toBe(key?.kid);
    expect(Object.keys(ring.signer(start))).not.toContain('wrappedPrivate');
  });

  it('makes one pepper for all nodes', async () => {
    const all = await Promise.all(
      [nodeA, nodeB, nodeA, nodeB].map((node) => DataKeys.load(node.manager, masterKey)),
    );
    const hashes = all.map(({ pepper }) => pepper.hash('session', 'value').toString('hex'));
    expect(new Set(hashes).size).toBe(1);
    const again = await DataKeys.load(nodeA.manager, masterKey);
    expect(again.pepper.hash('session', 'value').toString('hex')).toBe(hashes[0]);
  });
});

describe('a signature', () => {
  it('has the same bytes on every node', async () => {
    const [a, b] = [await started(nodeA), await started(nodeB)];
    expect(await lease(a)).toBe(await lease(b));
  });

  it('extends the cover of its key once a day, before it is given away', async () => {
    const ring = await started(nodeA);
    const query = jest.spyOn(nodeA.manager, 'query');
    const updates = () => query.mock.calls.filter(([text]) => text.includes('update signing_keys')).length;

    await Promise.all(Array.from({ length: 50 }, () => lease(ring)));
    expect(updates()).toBe(1);
    expect((await stored()).keys[0]?.coversUntil).toEqual(after(start, 15));

    clock.set(after(start, 1));
    await lease(ring);
    expect(updates()).toBe(1);
    clock.set(after(start, 1.001));
    await lease(ring);
    expect(updates()).toBe(2);
  });

  it('never moves the cover back', async () => {
    const [a, b] = [await started(nodeA), await started(nodeB)];
    await a.sign(JWS_TYPES.lease, claims, { validUntil: after(start, 400) });
    await lease(b);
    expect((await stored()).keys[0]?.coversUntil).toEqual(after(start, 401));
  });

  it('is not made when its cover can not be stored, nor for a time that is none', async () => {
    const ring = await started(nodeA);
    await expect(ring.sign(JWS_TYPES.lease, claims, { validUntil: new Date(NaN) })).rejects.toThrow(
      RangeError,
    );
    await nodeA.query('delete from signing_keys');
    await expect(lease(ring)).rejects.toThrow(UnusableKeyError);
  });
});

describe('a rotation', () => {
  it('publishes the new key a day before it signs', async () => {
    const ring = await started(nodeA);
    const first = ring.signer(start).kid;
    const { kid: second } = await rotate();
    await catchUp(ring);

    expect(kidsOf(await ring.jwks(start))).toEqual([first, second]);
    clock.set(new Date(after(start, 1).getTime() - 1));
    expect(kidOf(await lease(ring))).toBe(first);
    clock.set(after(start, 1));
    expect(kidOf(await lease(ring))).toBe(second);
  });

  it('leaves old signatures verifiable until they end, also those that another node made', async () => {
    const [a, b] = [await started(nodeA), await started(nodeB)];
    await rotate();
    await catchUp(a);
    clock.set(new Date(after(start, 1).getTime() - 1));
    const old = await lease(b);
    const oldEnds = after(clock.now(), 14);

    clock.set(new Date(oldEnds.getTime() - 1));
    expect(await verified(old, await a.jwks(clock.now()))).toEqual(claims);
    expect(await verified(await lease(a), await b.jwks(clock.now()))).toEqual(claims);
    expect(await lease(b, kidOf(old))).toBe(old);
    clock.set(after(oldEnds, 20));
    expect(kidsOf(await a.jwks(clock.now()))).not.toContain(kidOf(old));
  });

  it('is seen by a node with the version of its next facts, in two reads however many ask', async () => {
    const ring = await started(nodeB);
    const { kid } = await rotate({ signsFrom: start });
    const query = jest.spyOn(nodeB.manager, 'query');
    const { version } = await stored();
    await Promise.all(Array.from({ length: 50 }, () => ring.ensureVersion(version)));
    expect(ring.signer(start).kid).toBe(kid);
    expect(query.mock.calls.length).toBeLessThanOrEqual(2);
    await ring.ensureVersion(version);
    expect(query.mock.calls.length).toBeLessThanOrEqual(2);
  });

  it('is seen although a load that read the ring before it is still under way', async () => {
    const ring = await started(nodeB);
    const query = nodeB.manager.query.bind(nodeB.manager);
    const { promise: slow, resolve: answer } = Promise.withResolvers<void>();
    jest.spyOn(nodeB.manager, 'query').mockImplementationOnce(async (...call) => {
      const rows = (await query(...call)) as unknown;
      await slow;
      return rows;
    });
    const early = ring.jwks(start);
    // The early load has its rows once this one, sent after it, has been answered.
    await query('select pg_sleep(0.05)');
    const { kid } = await rotate();
    const caughtUp = catchUp(ring);
    // The facts' version is read meanwhile, and the load it asks for must not be the early one.
    await query('select pg_sleep(0.05)');
    answer();
    await Promise.all([early, caughtUp]);
    expect(ring.isUsable(kid)).toBe(true);
  });

  it('by several at once makes several keys in one order', async () => {
    const ring = await started(nodeA);
    await Promise.all(
      [nodeA, nodeB, nodeA, nodeB].map((node) =>
        rotateSigningKey(node.manager, { masterKey, now: start, issuer }),
      ),
    );
    const { version, keys } = await stored();
    expect(version).toBe('5');
    expect(keys.map(({ endorsements }) => endorsements.map(({ by }) => by))).toEqual(
      keys.map((_, place) => keys.slice(0, place).map(({ kid }) => kid)),
    );
    expect(await trusted((await ring.jwks(start)).keys.slice(0, 1), await ring.jwks(start))).toHaveLength(5);
  });

  it('leads a panel that pinned the first key to the third, and to no other', async () => {
    const ring = await started(nodeA);
    await lease(ring);
    const pinned = (await ring.jwks(start)).keys;
    clock.set(after(start, 2));
    const { kid: second } = await rotate();
    // By now the first key is no longer listed: the way leads over the second.
    clock.set(after(start, 30));
    await catchUp(ring);
    await lease(ring);
    const { kid: third } = await rotate();

    const published = await ring.jwks(clock.now());
    expect(kidsOf(published)).toEqual([second, third]);
    expect(await trusted(pinned, published)).toEqual([pinned[0]?.kid, second, third]);
    const stranger = { ...(pinned[0] as JWK), kid: 'stranger' };
    expect(await trusted([stranger], published)).toEqual(['stranger']);
  });
});

describe('a compromised key', () => {
  it('vanishes at once, and what it endorsed is endorsed by the others alone', async () => {
    const [a, b] = [await started(nodeA), await started(nodeB)];
    const first = a.signer(start).kid;
    await lease(a);
    const { kid: second } = await rotate({ signsFrom: start });
    await catchUp(b);
    const stolen = await lease(b);
    const { kid: waiting } = await rotate();
    expect(kidOf(stolen)).toBe(second);

    const { kid: fresh } = await rotate({ compromised: second });
    // A node that has not heard of it yet publishes it no more all the same.
    const published = await a.jwks(start);
    expect(kidsOf(published)).toEqual([first, waiting, fresh]);
    await expect(verified(stolen, published)).rejects.toThrow('no applicable key');
    const endorsers = (await stored()).keys.map(({ kid, endorsements }) => [
      kid,
      endorsements.map(({ by }) => by),
    ]);
    expect(Object.fromEntries(endorsers)).toEqual({
      [first]: [],
      [second]: [first],
      [waiting]: [first],
      [fresh]: [first, waiting],
    });

    await catchUp(b);
    expect(b.isUsable(second)).toBe(false);
    expect(kidOf(await lease(b))).toBe(fresh);
    await expect(lease(b, second)).rejects.toThrow(UnusableKeyError);
  });

  it('is replaced also when it is the only one', async () => {
    const ring = await started(nodeA);
    const { kid: only } = ring.signer(start);
    const { kid } = await rotate({ compromised: only });
    await catchUp(ring);
    expect(kidsOf(await ring.jwks(start))).toEqual([kid]);
    expect((await ring.jwks(start)).keys[0]?.endorsements).toEqual([]);
    expect(kidOf(await lease(ring))).toBe(kid);
  });

  it('must be known: otherwise nothing changes', async () => {
    await started(nodeA);
    const before = await stored();
    await expect(rotate({ compromised: 'unknown' })).rejects.toThrow(UnusableKeyError);
    expect(await stored()).toEqual(before);
  });
});

describe('the master key', () => {
  const wrong = new MasterKey(randomBytes(32));

  it('that does not fit the database is a refusal to start', async () => {
    await started(nodeA);
    await DataKeys.load(nodeA.manager, masterKey);
    const sentence = /^MASTER_KEY does not fit this database[^\n]*$/;
    for (const refused of [() => ringOn(nodeB, wrong).start(), () => DataKeys.load(nodeB.manager, wrong)]) {
      await expect(refused()).rejects.toThrow(StartupError);
      await expect(refused()).rejects.toThrow(sentence);
    }
  });

  it('that does not fit the database changes nothing in it', async () => {
    const ring = await started(nodeA);
    await DataKeys.load(nodeA.manager, masterKey);
    const before = [await stored(), await nodeA.query('select * from data_keys')];
    await expect(rotate({ key: wrong })).rejects.toThrow(UnwrapError);
    await expect(rotate({ key: wrong, compromised: ring.signer(start).kid })).rejects.toThrow(UnwrapError);
    await expect(rotateMasterKey(nodeA.manager, wrong, masterKey, new Date())).rejects.toThrow(UnwrapError);
    expect([await stored(), await nodeA.query('select * from data_keys')]).toEqual(before);
  });

  it('can be rotated, which changes no hash and no signature', async () => {
    const running = await started(nodeA);
    const first = running.signer(start).kid;
    await rotate({ signsFrom: start, compromised: (await rotate()).kid });
    const { pepper } = await DataKeys.load(nodeA.manager, masterKey);
    const signature = await lease(running, first);
    const before = await stored();

    const to = new MasterKey(randomBytes(32));
    await rotateMasterKey(nodeA.manager, masterKey, to, new Date());

    const data = await DataKeys.load(nodeB.manager, to);
    expect(data.pepper.hash('license-key', 'KEY')).toEqual(pepper.hash('license-key', 'KEY'));
    const restarted = ringOn(nodeB, to);
    await restarted.start();
    expect(await lease(restarted, first)).toBe(signature);
    const { version, keys } = await stored();
    expect(Number(version)).toBe(Number(before.version) + 1);
    expect(listedAt(keys, start).map(({ kid }) => kid)).toEqual(
      listedAt(before.keys, start).map(({ kid }) => kid),
    );

    await expect(ringOn(nodeB).start()).rejects.toThrow(StartupError);
    await expect(DataKeys.load(nodeB.manager, masterKey)).rejects.toThrow(StartupError);
  });

  it('can be rotated under a running node, which keeps the keys it holds', async () => {
    const running = await started(nodeA);
    const signature = await lease(running);
    await rotateMasterKey(nodeB.manager, masterKey, new MasterKey(randomBytes(32)), new Date());
    await catchUp(running);
    expect(await lease(running)).toBe(signature);
  });
});
