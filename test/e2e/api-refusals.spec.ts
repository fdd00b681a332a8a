import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { Client } from 'pg';
import {
  EXAMPLE_HARDWARE,
  EXAMPLE_LICENSE_KEY,
  EXAMPLE_PASSWORD,
  exampleId,
} from '../../src/http/examples.js';
import { PLANE_NAMES, planeOf, type Plane } from '../../src/http/planes.js';
import { Replay, type Sending } from '../setup/api-replay.js';
import { panelBody, startApp, type Answer, type TestApp } from '../setup/app.js';
import { closeDoor, lostAreForgotten, openDoor } from '../setup/closed-door.js';
import { release } from '../setup/releases.js';

/** Every status that a plane refuses with, provoked and held against the document and its examples. */

let app: TestApp;
let replay: Replay;
/** The same service where one request is all that anybody has. */
let limited: Replay;
let admin: Client;

beforeAll(async () => {
  app = await startApp();
  replay = await Replay.of(app);
  const { product, license, key } = await app.sell();
  await app.panel('activate', panelBody(key, EXAMPLE_HARDWARE));
  await release(app, product, { version: '1.4.2' }, [{ platform: 'linux', arch: 'x64' }]);
  replay.let(EXAMPLE_LICENSE_KEY, key);
  replay.let(exampleId('Product'), product.id);
  replay.let(exampleId('License'), license.id);
  const token = await replay.send(replay.call('POST /download/token'));
  replay.let(replay.parameter('GET /download/file/{token}', 'token'), token.body.token);
  limited = await Replay.of(
    await startApp({
      settings: {
        LIMIT_AUTH_PER_MINUTE: '1',
        LIMIT_ADMIN_PER_MINUTE: '1',
        LIMIT_SESSION_PER_MINUTE: '1',
        LIMIT_ADDRESS_PER_MINUTE: '1',
      },
    }),
  );
  admin = new Client({ connectionString: process.env.TEST_DATABASE_ADMIN_URL });
  await admin.connect();
});
afterAll(async () => {
  await app.stop();
  await limited.app.stop();
  await admin.end();
});

/** By which call a plane is tried, and a table that it can't do without. */
const TRIED = {
  license: { call: 'POST /license/validate', table: 'license_keys' },
  download: { call: 'POST /download/token', table: 'license_keys' },
  admin: { call: 'PATCH /admin/products/{id}', table: 'products' },
  panel: { call: 'POST /auth/login', table: 'users' },
} as const satisfies Record<Plane, { call: string; table: string }>;

interface Case {
  readonly call: string;
  readonly status: number;
  readonly sending: () => Sending | Promise<Sending>;
}

const changed = (call: string, change: object) => ({
  body: { ...replay.meant(replay.bodyOf(call)), ...change },
});

/** What a request alone brings about, whatever the plane. */
const EVERYWHERE = (plane: Plane): Case[] => {
  const { call } = TRIED[plane];
  return [
    { call, status: 400, sending: () => ({ raw: '{"a":' }) },
    { call, status: 413, sending: () => ({ raw: `{"a":"${'x'.repeat(1_100_000)}"}` }) },
    { call, status: 415, sending: () => ({ raw: 'a', headers: { 'content-type': 'text/plain' } }) },
    { call, status: plane === 'panel' ? 400 : 422, sending: () => changed(call, { colour: 'red' }) },
  ];
};

const keyThatMay = async (...permissions: string[]) => ({
  'x-admin-key': (await app.must('POST', '/api-keys', { name: 'Narrow', permissions })).key as string,
});

const revoked = async () => {
  const { license, key } = await app.sell();
  await app.panel('activate', panelBody(key, EXAMPLE_HARDWARE));
  await app.must('POST', `/licenses/${license.id}/revoke`);
  return key;
};

const CASES: readonly Case[] = [
  ...PLANE_NAMES.flatMap(EVERYWHERE),
  {
    call: 'POST /license/validate',
    status: 401,
    sending: () => changed('POST /license/validate', { license_key: 'NONE' }),
  },
  {
    call: 'POST /license/validate',
    status: 403,
    sending: async () => changed('POST /license/validate', { license_key: await revoked(), nonce: '' }),
  },
  {
    call: 'POST /download/token',
    status: 401,
    sending: () => changed('POST /download/token', { license_key: 'NONE' }),
  },
  {
    call: 'POST /download/token',
    status: 403,
    sending: async () => ({
      body: { license_key: replay.meant(EXAMPLE_LICENSE_KEY) },
      headers: await keyThatMay('read'),
    }),
  },
  {
    call: 'POST /download/token',
    status: 404,
    sending: () => changed('POST /download/token', { version: '9.9.9' }),
  },
  {
    call: 'GET /download/file/{token}',
    status: 401,
    sending: () => ({ parameters: { token: 'none' } }),
  },
  {
    call: 'GET /download/file/{token}',
    status: 412,
    sending: () => ({ headers: { 'if-match': '"another"' } }),
  },
  {
    call: 'GET /download/file/{token}',
    status: 416,
    sending: () => ({ headers: { range: 'bytes=1000-' } }),
  },
  { call: 'PATCH /admin/products/{id}', status: 401, sending: () => ({ anonymous: true }) },
  {
    call: 'PATCH /admin/products/{id}',
    status: 403,
    sending: async () => ({ anonymous: true, headers: await keyThatMay('products:read') }),
  },
  {
    call: 'PATCH /admin/products/{id}',
    status: 404,
    sending: () => ({ parameters: { id: randomUUID() } }),
  },
  {
    call: 'POST /admin/products',
    status: 409,
    sending: async () => {
      await replay.send(replay.call('POST /admin/products'));
      return {};
    },
  },
  {
    call: 'POST /admin/products',
    status: 409,
    sending: async () => {
      const headers = { 'idempotency-key': 'order-1042' };
      const body = { code: 'once', name: 'Once' };
      await replay.send(replay.call('POST /admin/products'), { headers, body });
      return { headers, body: { ...body, name: 'Twice' } };
    },
  },
  {
    call: 'PATCH /admin/products/{id}',
    status: 412,
    sending: () => ({ headers: { 'if-match': '"another"' } }),
  },
  {
    call: 'POST /auth/login',
    status: 401,
    sending: () => changed('POST /auth/login', { password: 'another' }),
  },
  { call: 'GET /auth/me', status: 401, sending: () => ({ anonymous: true }) },
  {
    call: 'POST /auth/sso/mint',
    status: 403,
    sending: () => changed('POST /auth/sso/mint', { username: 'admin' }),
  },
  {
    call: 'POST /auth/sso/mint',
    status: 404,
    sending: () => changed('POST /auth/sso/mint', { username: 'nobody' }),
  },
  {
    call: 'POST /auth/totp/confirm',
    status: 409,
    sending: async () => {
      const user = { ...replay.bodyOf('POST /admin/users'), password: EXAMPLE_PASSWORD };
      await app.must('POST', '/users', user);
      replay.session = (await replay.send(replay.call('POST /auth/login'))).body.token;
      return {};
    },
  },
];

/** Beside the API, too: what answers from the database. */
const WITHOUT_DATABASE = [
  ...PLANE_NAMES.map((plane) => TRIED[plane].call),
  'GET /health/ready',
  'GET /sso/consume/{nonce}',
];

/** A proof is of its request, and the schema has judged its form. */
const withoutProof = (body: any) => ({ ...body, proof: undefined });

/** Everything in which a refusal is not what the document says, and none of what it shows. */
function problems(by: Replay, name: string, status: number, answer: Answer): unknown[] {
  const call = by.call(name);
  if (answer.status !== status) return [answer.status, answer.body];
  const { examples } = by.contract.responseOf(call, status).content['application/json'];
  const shown = Object.values<any>(examples).map(({ value }) => withoutProof(value));
  const isShown = shown.some((value) => isDeepStrictEqual(value, withoutProof(answer.body)));
  return [...by.contract.problems(call, answer), ...(isShown ? [] : ['is no example', answer.body])];
}

describe('refusals as documented', () => {
  it.each(CASES.map((each) => [each.call, each.status, each] as const))(
    '%s: %i',
    async (name, status, each) => {
      const sending = await each.sending();
      expect(problems(replay, name, status, await replay.send(replay.call(name), sending))).toEqual([]);
    },
  );

  it.each(PLANE_NAMES)('%s: 429', async (plane) => {
    const { call } = TRIED[plane];
    await limited.send(limited.call(call));
    expect(problems(limited, call, 429, await limited.send(limited.call(call)))).toEqual([]);
  });

  it.each(PLANE_NAMES)('%s: 500', async (plane) => {
    const { call, table } = TRIED[plane];
    await app.sql(`alter table ${table} rename to hidden`);
    try {
      expect(problems(replay, call, 500, await replay.send(replay.call(call)))).toEqual([]);
    } finally {
      await app.sql(`alter table hidden rename to ${table}`);
    }
  });

  it.each(WITHOUT_DATABASE)('%s: 503', async (call) => {
    const name = new URL(app.databaseUrl).pathname.slice(1);
    try {
      await closeDoor(admin, name);
      expect(problems(replay, call, 503, await replay.send(replay.call(call)))).toEqual([]);
      await lostAreForgotten(app);
    } finally {
      await openDoor(admin, name);
    }
  });

  it.each([
    ['If-Match', '"another"', 412],
    ['Idempotency-Key', 'not visible', 400],
  ])('are what a change gets for an %s, whether it takes one or not', async (name, value, refused) => {
    const changes = replay.calls.filter(
      ({ path, method, operation }) =>
        planeOf(path) === 'admin' &&
        [operation['x-permission']].flat().some((each) => each.endsWith(':write')) &&
        method !== 'GET',
    );
    expect(changes.length).toBeGreaterThan(30);
    const wrong: unknown[] = [];
    for (const call of changes) {
      const parameters = (call.operation.parameters ?? []).map((each: any) => replay.contract.resolve(each));
      const isTaken = parameters.some((each: any) => each.in === 'header' && each.name === name);
      const { status, body } = await replay.send(call, { headers: { [name]: value } });
      const isHonored = isTaken && (status === refused || status === 404);
      if (!isHonored && (isTaken || status !== 400 || body.error !== `This call takes no ${name}`)) {
        wrong.push([call.name, status, body]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('are tried for every plane and status', () => {
    const tried = [
      ...CASES.map(({ call, status }) => [planeOf(replay.call(call).path), status] as const),
      ...PLANE_NAMES.flatMap((plane) => [429, 500, 503].map((status) => [plane, status] as const)),
    ].map(([plane, status]) => `${plane} ${status}`);
    const documented = replay.calls.flatMap(({ path, operation }) =>
      Object.keys(operation.responses)
        .filter((status) => Number(status) >= 400)
        .map((status) => `${planeOf(path)} ${status}`),
    );
    expect([...new Set(tried)].toSorted()).toEqual([...new Set(documented)].toSorted());
  });
});
