import { badFields, NOT_FOUND, refusal, type Call, type Refusal } from './planes.js';
import type { Sent } from './wire.js';

/** A way in which a request fails by itself, whatever the plane. */
export interface Kind {
  readonly sent: (call: Call) => Sent;
  readonly refusal: Refusal | ((call: Call) => Refusal);
}

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

export const KINDS = {
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

export const KIND_NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[];
