import { PLANE_NAMES, PLANES, type Plane } from '../../src/http/planes.js';
import { hardwareId, panelBody, startApp, type TestApp } from '../setup/app.js';
import { cloneDatabase } from '../setup/database.js';
import { relayDatabase, type DatabaseRelay } from '../setup/database-relay.js';
import {
  badFields,
  refused,
  representatives,
  seen,
  type Refusal,
  type Representative,
} from '../setup/planes.js';
import { jsonPost, send, type Sent } from '../setup/wire.js';

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

interface Call {
  readonly plane: Plane;
  readonly route: Representative;
  /** The route's path with /api/v1 in front. */
  readonly path: string;
  /** The first segment of the plane, with /api/v1 in front. */
  readonly base: string;
  /** A POST of the text to the route, with its credential. */
  readonly post: (body: string | Buffer, headers?: Record<string, string>) => Sent;
}

const callOf = (plane: Plane, route: Representative): Call => {
  const path = `/api/v1${route.path}`;
  return {
    plane,
    route,
    path,
    base: `/api/v1/${PLANES[plane].segments[0]}`,
    post: (body, headers) => jsonPost(path, body, { ...route.headers, ...headers }),
  };
};

interface Kind {
  readonly sent: (call: Call) => Sent;
  readonly refusal: Refusal | ((call: Call) => Refusal);
}

const refusal = (status: number, code: string, error: string): Refusal => ({ status, code, error });
const NOT_FOUND = refusal(404, 'NOT_FOUND', 'Not found');
const bad = (error: string, status = 400) => refusal(status, 'VALIDATION_ERROR', error);
const NO_OBJECT = bad('Request body must be a JSON object');
const BAD_TYPE = bad('Unsupported content type', 415);
const prohibited = ({ plane }: Call) => badFields(plane, { colour: ['The colour field is prohibited.'] });

const withMore = ({ route }: Call, more: string) => `${JSON.stringify(route.body).slice(0, -1)},${more}}`;

const notFound = (sent: (call: Call) => Sent): Kind => ({ sent, refusal: NOT_FOUND });
const malformed = (body: string | Buffer, answer: Refusal): Kind => ({
  sent: ({ post }) => post(body),
  refusal: answer,
});
const typed = (headers: Record<string, string>, answer: Refusal): Kind => ({
  sent: ({ post, route }) => post(JSON.stringify(route.body), headers),
  refusal: answer,
});

/** A body of so many levels, its own braces counted. */
const nested = (levels: number, open = '{"a":', close = '}') =>
  `${open.repeat(levels)}1${close.repeat(levels)}`;

const KINDS = {
  'an unknown route': notFound(({ base }) => ({ method: 'GET', path: `${base}/no/such/route` })),
  'a POST to an unknown route': notFound(({ base, post }) => ({ ...post('{}'), path: `${base}/none` })),
  'malformed JSON to an unknown route': notFound(({ base, post }) => ({
    ...post('{'),
    path: `${base}/none`,
  })),
  'the bare segment': notFound(({ base }) => ({ method: 'GET', path: base })),
  'a slash at the end': notFound(({ path, post }) => ({ ...post('{}'), path: `${path}/` })),
  'two slashes': notFound(({ path, post }) => ({ ...post('{}'), path: path.replace('/v1/', '/v1//') })),
  'an encoded slash': notFound(({ path, post }) => ({ ...post('{}'), path: path.replace('/v1/', '/v1%2F') })),
  'a wrong method': notFound(({ path, post }) => ({ ...post('{}'), method: 'PUT', path })),
  'a method that nothing has': notFound(({ path }) => ({ method: 'PURGE', path })),
  TRACE: notFound(({ path }) => ({ method: 'TRACE', path })),
  OPTIONS: notFound(({ path }) => ({ method: 'OPTIONS', path })),
  'a path in upper case': notFound(({ path, post }) => ({ ...post('{}'), path: path.toUpperCase() })),
  'an encoded path that is unknown': notFound(({ base, post }) => ({
    ...post('{}'),
    path: base.replace('/api', '/%61pi').concat('/x'),
  })),
  'a path that cannot be decoded': notFound(({ base, post }) => ({ ...post('{}'), path: `${base}/%zz` })),
  'a path of invalid UTF-8': notFound(({ base, post }) => ({ ...post('{}'), path: `${base}/%ff` })),
  'a NUL byte in the path': notFound(({ path, post }) => ({ ...post('{}'), path: `${path}%00` })),
  'a path of 8,000 characters': notFound(({ base }) => ({
    method: 'GET',
    path: `${base}/${'x'.repeat(8_000)}`,
  })),

  'malformed JSON': malformed('{"a":', bad('Malformed JSON')),
  'JSON with a comma too many': malformed('{"a":1,}', bad('Malformed JSON')),
  'JSON with a comment': malformed('{/**/}', bad('Malformed JSON')),
  NaN: malformed('{"a":NaN}', bad('Malformed JSON')),
  'two documents': malformed('{}{}', bad('Malformed JSON')),
  'a form in JSON clothes': malformed('a=1&b=2', bad('Malformed JSON')),
  blanks: malformed(' \n', bad('Malformed JSON')),
  'a body nested deeper than 32': malformed(nested(33), bad('JSON is nested too deeply')),
  'lists nested deeper than 32': malformed(`{"a":${nested(32, '[', ']')}}`, bad('JSON is nested too deeply')),
  '100,000 levels': malformed(nested(100_000, '[', ']'), bad('JSON is nested too deeply')),
  'duplicate keys': {
    sent: (call) => call.post(withMore(call, '"a":1,"a":2')),
    refusal: bad('JSON has a duplicate key'),
  },
  'duplicate keys, one escaped': malformed('{"a":1,"\\u0061":2}', bad('JSON has a duplicate key')),
  __proto__: {
    sent: (call) => call.post(withMore(call, '"__proto__":{"admin":true}')),
    refusal: bad('JSON has a forbidden key'),
  },
  'an escaped __proto__ deep down': malformed(
    '{"a":[{"\\u005f_proto__":1}]}',
    bad('JSON has a forbidden key'),
  ),
  'constructor.prototype': malformed('{"constructor":{"prototype":{}}}', bad('JSON has a forbidden key')),
  'a list': malformed('[{}]', NO_OBJECT),
  'a string': malformed('"x"', NO_OBJECT),
  'a number': malformed('7', NO_OBJECT),
  true: malformed('true', NO_OBJECT),
  null: malformed('null', NO_OBJECT),
  'invalid UTF-8': malformed(
    Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]),
    bad('Request body is not valid UTF-8'),
  ),
  'UTF-16': malformed(Buffer.from('{}', 'utf16le'), bad('Malformed JSON')),
  'a body of 2 MB': malformed(`{"a":"${'x'.repeat(2_000_000)}"}`, bad('Request body is too large', 413)),
  '2 MB of blanks': malformed(' '.repeat(2_000_000), bad('Request body is too large', 413)),

  'plain text': typed({ 'content-type': 'text/plain' }, BAD_TYPE),
  'a form': typed({ 'content-type': 'application/x-www-form-urlencoded' }, BAD_TYPE),
  'a multipart form': typed({ 'content-type': 'multipart/form-data; boundary=x' }, BAD_TYPE),
  XML: typed({ 'content-type': 'application/xml' }, BAD_TYPE),
  bytes: typed({ 'content-type': 'application/octet-stream' }, BAD_TYPE),
  'JSON of a family': typed({ 'content-type': 'application/merge-patch+json' }, BAD_TYPE),
  'a bogus content type': typed({ 'content-type': 'nonsense' }, BAD_TYPE),
  'a body without a content type': {
    sent: ({ path, route }) => ({ path, headers: route.headers, body: JSON.stringify(route.body) }),
    refusal: BAD_TYPE,
  },
  'a bogus charset': typed(
    { 'content-type': 'application/json; charset=klingon' },
    bad('Unsupported charset', 415),
  ),
  'UTF-16 by its name': typed(
    { 'content-type': 'application/json; charset=utf-16' },
    bad('Unsupported charset', 415),
  ),
  'a compressed body': typed({ 'content-encoding': 'gzip' }, bad('Unsupported content encoding', 415)),
  'an expectation': typed({ expect: 'miracles' }, bad('Expectation failed', 417)),
  'headers of 40 kB': typed({ 'x-filler': 'x'.repeat(40_000) }, bad('Request headers are too large', 431)),

  'an empty body': { sent: ({ post }) => post(''), refusal: ({ route }) => route.empty },
  'an empty object': { sent: ({ post }) => post('{}'), refusal: ({ route }) => route.empty },
  'no body at all': {
    sent: ({ path, route }) => ({ path, headers: route.headers }),
    refusal: ({ route }) => route.empty,
  },
  'an unknown field': { sent: (call) => call.post(withMore(call, '"colour":"red"')), refusal: prohibited },
  'an unknown query parameter': {
    sent: ({ path, post, route }) => ({ ...post(JSON.stringify(route.body)), path: `${path}?colour=red` }),
    refusal: prohibited,
  },
  'a field named as members of every object are': {
    sent: (call) => call.post(withMore(call, '"toString":1,"constructor":2,"hasOwnProperty":3')),
    refusal: ({ plane }) =>
      badFields(plane, {
        toString: ['The toString field is prohibited.'],
        constructor: ['The constructor field is prohibited.'],
        hasOwnProperty: ['The hasOwnProperty field is prohibited.'],
      }),
  },
  'no good credential': {
    sent: ({ route }) => route.stranger.sent,
    refusal: ({ route }) => route.stranger.refusal,
  },
} as const satisfies Record<string, Kind>;

type KindName = keyof typeof KINDS;

const MATRIX = PLANE_NAMES.flatMap((plane) =>
  (Object.keys(KINDS) as KindName[]).map((kind) => [plane, kind] as const),
);

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
    '/',
    '/api',
    '/api/v1',
    '/api/v1/',
    '/index.html',
    '/health',
    '/.well-known/x',
    '/%',
    '/docs/%zz',
  ])('%s, which is no route, is refused as on the panel plane', async (path) => {
    expect(seen(await send(app.url, { method: 'GET', path }))).toEqual(refused('panel', NOT_FOUND));
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

describe('a failure of the service itself', () => {
  let relay: DatabaseRelay;
  let database: { url: string; drop(): Promise<void> };
  let failing: TestApp;
  let failingRoutes: Record<Plane, Representative>;

  beforeAll(async () => {
    database = await cloneDatabase();
    relay = await relayDatabase(database.url);
    failing = await startApp({ databaseUrl: relay.url });
    const { key } = await failing.sell();
    const hardware = hardwareId();
    await failing.panel('activate', panelBody(key, hardware));
    failingRoutes = representatives(failing, key, hardware);
  });
  afterAll(async () => {
    await failing.stop();
    await relay.cut();
    await database.drop();
  });

  /** The route's answer, with the words in it that are nobody's business. */
  async function attempt(plane: Plane) {
    const { post, route } = callOf(plane, failingRoutes[plane]);
    const answer = await send(failing.url, post(JSON.stringify(route.body)));
    const secrets = [route.table, 'relation', 'database', 'ECONN', '127.0.0.1', 'select', 'node_modules'];
    return { ...seen(answer), leaks: secrets.filter((word) => answer.body.includes(word)) };
  }

  const UNEXPECTED = refusal(500, 'INTERNAL_ERROR', 'Internal server error');
  const DOWN = refusal(503, 'INTERNAL_ERROR', 'Service temporarily unavailable');

  it.each(PLANE_NAMES)('%s: an unexpected one', async (plane) => {
    const { table } = failingRoutes[plane];
    await failing.sql(`alter table ${table} rename to hidden`);
    try {
      expect(await attempt(plane)).toEqual({ ...refused(plane, UNEXPECTED), leaks: [] });
    } finally {
      await failing.sql(`alter table hidden rename to ${table}`);
    }
  });

  it.each(PLANE_NAMES)('%s: the database is down, and comes back', async (plane) => {
    await relay.cut();
    try {
      // Once for the connections that were cut, and once for those that can't be opened.
      for (let times = 0; times < 2; times++) {
        expect(await attempt(plane)).toEqual({ ...refused(plane, DOWN), leaks: [] });
      }
    } finally {
      await relay.mend();
    }
    const { post } = callOf(plane, failingRoutes[plane]);
    expect((await send(failing.url, post('{'))).status).toBe(400);
  });

  it.each(PLANE_NAMES)('%s: unknown routes need no database', async (plane) => {
    await relay.cut();
    try {
      const { base } = callOf(plane, failingRoutes[plane]);
      const answer = await send(failing.url, { method: 'GET', path: `${base}/none` });
      expect(seen(answer)).toEqual(refused(plane, NOT_FOUND));
    } finally {
      await relay.mend();
    }
  });
});
