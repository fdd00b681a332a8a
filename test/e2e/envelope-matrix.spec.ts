import { PLANE_NAMES, PLANES, type Plane } from '../../src/http/planes.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { KIND_NAMES, KINDS, type Kind } from '../setup/failure-kinds.js';
import {
  callOf,
  NOT_FOUND,
  refusal,
  refused,
  representatives,
  seen,
  type Call,
  type Representative,
} from '../setup/planes.js';
import { send, type Sent } from '../setup/wire.js';

/** The service as it is meant to run, for every failure that the request alone brings about. */
let app: TestApp;
let routes: Record<Plane, Representative>;

beforeAll(async () => {
  app = await startApp();
  const { key } = await app.sell();
  const hardware = hardwareId();
  await app.panel('activate', panelBody(key, hardware));
  routes = representatives(app, key, hardware);
});
afterAll(() => app.stop());

const MATRIX = PLANE_NAMES.flatMap((plane) => KIND_NAMES.map((kind) => [plane, kind] as const));

describe('every failure in the envelope of its plane', () => {
  it('is told for every plane there is', () => {
    expect(Object.keys(routes).toSorted()).toEqual(PLANE_NAMES.toSorted());
  });

  it.each(PLANE_NAMES)('%s: what is not wrong is not refused', async (plane) => {
    const { post, route } = callOf(plane, routes[plane]);
    const answer = await send(app.url, post(JSON.stringify(route.body)));
    expect([answer.status, answer.body]).toEqual([route.accepted, expect.any(String)]);
  });

  it.each(MATRIX)('%s: %s', async (plane, kind) => {
    const call = callOf(plane, routes[plane]);
    const { sent, refusal: expected }: Kind = KINDS[kind];
    const answer = await send(app.url, sent(call));
    expect(seen(answer)).toEqual(refused(plane, typeof expected === 'function' ? expected(call) : expected));
  });

  it.each(PLANE_NAMES.flatMap((plane) => PLANES[plane].segments.map((segment) => [segment, plane] as const)))(
    '/%s: the plane %s, and nothing that only begins like it',
    async (segment, plane) => {
      const paths = [
        [`/api/v1/${segment}/x`, plane],
        [`/API/V1/${segment.toUpperCase()}/activate`, plane],
        [`/%61pi/v1/${segment}/x`, plane],
        [`/api/v1/%${segment.charCodeAt(0).toString(16)}${segment.slice(1)}/x`, plane],
        [`/api/v1/${segment}istrator`, 'panel'],
        [`/api/v1/x${segment}/x`, 'panel'],
        [`/api/v2/${segment}/x`, 'panel'],
        [`/${segment}/x`, 'panel'],
      ] as const;
      for (const [path, expected] of paths) {
        const answer = await send(app.url, { method: 'GET', path });
        expect([path, seen(answer)]).toEqual([path, refused(expected, NOT_FOUND)]);
      }
    },
  );

  it.each([
    ['GET', '/'],
    ['GET', '/api'],
    ['GET', '/api/v1'],
    ['GET', '/api/v1/'],
    ['GET', '/index.html'],
    ['GET', '/health'],
    ['POST', '/health/live'],
    ['GET', '/.well-known/none'],
    ['GET', '/%'],
    ['GET', '/docs/none'],
    ['GET', '/docs/%zz'],
    ['GET', '/docs/..%2f..%2fpackage.json'],
    ['POST', '/docs'],
    ['POST', '/api/v1/openapi.json'],
  ])('%s %s, which is no route, is refused as on the panel plane', async (method, path) => {
    expect(seen(await send(app.url, { method, path }))).toEqual(refused('panel', NOT_FOUND));
  });

  it('has no body for HEAD, and the same headers', async () => {
    const answer = await send(app.url, { method: 'HEAD', path: '/api/v1/license/none' });
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([
      404,
      'application/json; charset=utf-8',
      '',
    ]);
  });
});

describe('too many requests', () => {
  let limited: TestApp;
  beforeAll(async () => {
    limited = await startApp({
      settings: {
        LIMIT_AUTH_PER_MINUTE: '1',
        LIMIT_ADMIN_PER_MINUTE: '1',
        LIMIT_SESSION_PER_MINUTE: '1',
        LIMIT_ADDRESS_PER_MINUTE: '1',
      },
    });
  });
  afterAll(() => limited.stop());

  const SENT = {
    'an unknown route': ({ base }) => ({ method: 'GET', path: `${base}/none` }),
    'malformed JSON': ({ post }) => post('{'),
    'a body of 2 MB': ({ post }) => post(' '.repeat(2_000_000)),
    'no good credential': ({ route }) => route.stranger.sent,
    'a good request': ({ post, route }) => post(JSON.stringify(route.body)),
  } as const satisfies Record<string, (call: Call) => Sent>;

  it.each(
    PLANE_NAMES.flatMap((plane) =>
      (Object.keys(SENT) as (keyof typeof SENT)[]).map((what) => [plane, what] as const),
    ),
  )('%s: %s', async (plane, what) => {
    const call = callOf(plane, representatives(limited, 'ANY-KEY', hardwareId())[plane]);
    const sent = SENT[what](call);
    await send(limited.url, sent);
    expect(seen(await send(limited.url, sent))).toEqual(
      refused(plane, refusal(429, 'RATE_LIMITED', 'Too many requests')),
    );
  });
});
