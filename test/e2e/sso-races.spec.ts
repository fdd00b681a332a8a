import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodes, type Nodes } from '../setup/nodes.js';

let nodes: Nodes;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'mooring-sso-'));
  nodes = await startNodes(2, {
    DATA_DIR: dataDir,
    MASTER_KEY: randomBytes(32).toString('base64'),
    PUBLIC_URL: 'http://localhost:2083',
    LIMIT_AUTH_PER_MINUTE: '1000000',
    LIMIT_ADMIN_PER_MINUTE: '1000000',
  });
});
afterAll(async () => {
  await nodes.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const makeKey = async (...permissions: string[]) =>
  (await nodes.admin(0, 'POST', '/api-keys', { name: 'Key', permissions })).body.data;

const makeCustomer = async () => {
  const username = `user-${randomBytes(4).toString('hex')}`;
  const body = { username, email: `${username}@example.test`, role: 'customer' };
  return (await nodes.admin(0, 'POST', '/users', body)).body.data;
};

const consume = async (node: number, nonce: string) => {
  const response = await fetch(`${nodes.urlOf(node)}/sso/consume/${nonce}`, { redirect: 'manual' });
  await response.arrayBuffer();
  return { status: response.status, cookie: response.headers.get('set-cookie') };
};

const exchange = async (node: number, nonce: string) => {
  const { status } = await nodes.auth(node, '/sso/exchange', { nonce });
  return { status, cookie: null };
};

describe('two processes on one database', () => {
  it('let one of many who hold the same nonce in, whichever way they come', async () => {
    const { key } = await makeKey('sso:write');
    const user = await makeCustomer();
    for (let round = 0; round < 5; round++) {
      const { body } = await nodes.auth(
        round,
        '/sso/mint',
        { username: user.username },
        { 'x-admin-key': key },
      );
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 4 < 2 ? consume : exchange)(i, body.nonce)),
      );
      const good = answers.filter(({ status }) => status < 400);
      expect(good).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(19);
      expect(answers.filter(({ cookie }) => cookie !== null).length).toBe(good[0]?.status === 302 ? 1 : 0);
      const sessions = await nodes.sql('select 1 from sessions where user_id = $1', [user.id]);
      expect(sessions).toHaveLength(round + 1);
    }
    expect(await nodes.sql('select 1 from sso_nonces')).toEqual([]);
  });

  it('close to a key at once, on either, when it is disabled or deleted on the other', async () => {
    const { id, key } = await makeKey('licenses:read');
    const statuses = async () => {
      const answers = await Promise.all(
        [0, 1].map((node) => nodes.admin(node, 'GET', '/licenses', undefined, { 'x-admin-key': key })),
      );
      return answers.map(({ status }) => status);
    };
    for (let round = 0; round < 3; round++) {
      expect(await statuses()).toEqual([200, 200]);
      await nodes.admin(round, 'PATCH', `/api-keys/${id}`, { enabled: false });
      expect(await statuses()).toEqual([401, 401]);
      await nodes.admin(round + 1, 'PATCH', `/api-keys/${id}`, { enabled: true });
    }
    expect(await statuses()).toEqual([200, 200]);
    await nodes.admin(1, 'DELETE', `/api-keys/${id}`);
    expect(await statuses()).toEqual([401, 401]);
  });

  it('end a session at once, on either, when it is ended on the other', async () => {
    const password = 'seven lazy otters reading maps';
    const user = await makeCustomer();
    await nodes.admin(0, 'PATCH', `/users/${user.id}`, { password });
    const { body } = await nodes.auth(0, '/login', { username: user.username, password });
    const me = (node: number) =>
      fetch(`${nodes.urlOf(node)}/api/v1/auth/me`, { headers: { authorization: `Bearer ${body.token}` } });
    expect([(await me(0)).status, (await me(1)).status]).toEqual([200, 200]);
    await nodes.admin(1, 'PATCH', `/users/${user.id}`, { status: 'suspended' });
    expect([(await me(0)).status, (await me(1)).status]).toEqual([401, 401]);
  });
});
