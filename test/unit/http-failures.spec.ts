import 'reflect-metadata';
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import {
  Body,
  Controller,
  Get,
  HttpException,
  Module,
  Param,
  Post,
  Query,
  Req,
  Res,
  type MiddlewareConsumer,
  type NestModule,
  type Type,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { bindConventions } from '../../src/app.conventions.js';
import { BODY_LIMIT, createAdapter } from '../../src/http/adapter.js';
import * as errors from '../../src/http/errors.js';
import { HardwareIdField, IntegerField, MetadataField, ObjectField, Text } from '../../src/http/fields.js';
import { HttpModule } from '../../src/http/http.module.js';
import { adminList, listQuery } from '../../src/http/pagination.js';
import { PLANE_NAMES, PLANES, type Plane } from '../../src/http/planes.js';
import { StreamedBody, streamOf } from '../../src/http/streamed-body.js';

const SECRET = 'mk_5ecret';

class Part {
  @IntegerField({ required: true, min: 1 })
  size: number;
}

class Echo {
  @HardwareIdField({ required: true })
  hardware_id: string;

  @Text()
  note?: string;

  @MetadataField()
  metadata?: Record<string, unknown>;

  @ObjectField(() => Part)
  part?: Part;
}

class EchoQuery extends listQuery(['code']) {}

const THROWN: Readonly<Record<string, () => unknown>> = {
  unauthorized: () => errors.unauthorized('Invalid or missing API key'),
  forbidden: () => errors.forbidden('Not for you'),
  missing: () => errors.notFound('Version'),
  conflict: () => errors.conflict('Already published'),
  idempotency: () => errors.idempotencyKeyConflict(),
  precondition: () => errors.preconditionFailed('Changed since'),
  limited: () => errors.rateLimited(7),
  down: () => Object.assign(new Error(SECRET), { code: 'ECONNREFUSED' }),
  foreign: () => new HttpException({ message: SECRET, nested: { secret: SECRET } }, 409),
  fault: () => new TypeError(SECRET),
  nothing: () => undefined,
};

/** A controller under one path segment that can fail in every way. */
function failingController(segment: string): Type<unknown> {
  @Controller(segment)
  class FailingController {
    @Post('echo')
    echo(@Body() body: Echo, @Req() request: FastifyRequest) {
      return { ...body, bytes: request.rawBody?.length };
    }

    @Get('list')
    list(@Query() query: EchoQuery) {
      return adminList([query.offset, query.order], 101, query);
    }

    @Post('plain')
    plain() {
      return { plain: true };
    }

    @Get('item/:id')
    item(@Param('id') id: string) {
      return { id };
    }

    @Post('upload')
    @StreamedBody()
    async upload(@Req() request: FastifyRequest) {
      const stream = streamOf(request);
      if (request.headers['content-length'] === '5000000') {
        stream.destroy();
        throw errors.invalidRequest('The file is too large', 413);
      }
      const received = await text(stream).catch((error: unknown) => {
        cutOff.push(error);
        throw error;
      });
      return { received };
    }

    @Get('throws/:what')
    throws(@Param('what') what: string, @Res({ passthrough: true }) reply: FastifyReply) {
      // As a download would, before it notices.
      void reply.headers({ 'content-type': 'application/zip', 'content-length': '5', etag: '"x"' });
      throw THROWN[what]?.();
    }

    @Get('half')
    half(@Res() reply: FastifyReply) {
      reply.raw.writeHead(200, { 'content-type': 'text/plain' });
      reply.raw.write('half');
      throw new Error(SECRET);
    }

    @Get('slow')
    slow(@Res() reply: FastifyReply) {
      reply.raw.writeHead(200, { 'content-length': '100' });
      reply.raw.write('begun');
    }

    @Get('middleware')
    middleware() {
      return {};
    }
  }
  return FailingController;
}

const fail = (): void => {
  throw new Error(SECRET);
};

@Module({
  imports: [HttpModule],
  controllers: PLANE_NAMES.flatMap((plane) => PLANES[plane].segments.map(failingController)),
})
class FailingModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(fail).forRoutes('*path/middleware');
  }
}

/** What reached the log as an error, and what cut-off uploads ended with. */
const logged: unknown[][] = [];
const cutOff: unknown[] = [];

const ignore = (): void => {};
const logger = { log: ignore, warn: ignore, error: (...args: unknown[]) => void logged.push(args) };

let app: NestFastifyApplication;
let port: number;

beforeAll(async () => {
  bindConventions([FailingModule]);
  const module = await Test.createTestingModule({ imports: [FailingModule] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(createAdapter({ trustProxy: false }), {
    logger,
  });
  app.setGlobalPrefix('api/v1');
  await app.listen(0, '127.0.0.1');
  port = (app.getHttpServer().address() as AddressInfo).port;
});

afterAll(() => app.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | Readable;
}

/** Over a real connection, with the target as it is written. */
async function send({ method = 'POST', path, headers = {}, body }: Sent): Promise<Answer> {
  const request = httpRequest({ port, host: '127.0.0.1', method, path, headers, agent: false });
  const answered = once(request, 'response');
  if (body instanceof Readable) body.pipe(request);
  else request.end(body);
  const [response] = await answered;
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

/** Bytes as they are, and the whole answer up to the end of the connection. */
async function sendRaw(bytes: string | Buffer): Promise<Answer> {
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  const all = await text(socket);
  const [head = '', body = ''] = all.split('\r\n\r\n');
  const [line = '', ...rest] = head.split('\r\n');
  const headers = Object.fromEntries(
    rest.map((each) => [each.split(': ')[0]?.toLowerCase(), each.split(': ')[1]]),
  );
  return { status: Number(line.split(' ')[1]), headers, body };
}

const json = (body: string | Buffer | Readable, path: string, more: Record<string, string> = {}): Sent => ({
  path,
  body,
  headers: { 'content-type': 'application/json', ...more },
});

/** The body that a refusal has to have, member by member. */
function envelope(plane: Plane, status: number, code: string, error: string, details?: unknown): object {
  const more = details === undefined ? {} : { details };
  const bodies = {
    license: { valid: false, error, code, ...more },
    download: { error },
    admin: { success: false, error, code, ...more },
    panel: { success: false, code, error, message: error, status },
  };
  return bodies[plane];
}

/** A refusal as it has to look, to be compared with what `seen` tells of an answer. */
const refusal = (plane: Plane, status: number, code: string, error: string, details?: unknown): object => ({
  status,
  body: envelope(plane, status, code, error, details),
  type: 'application/json; charset=utf-8',
  cached: 'no-store',
  isWhole: true,
  saysWhenToComeBack: status === 429 || status === 503,
  remains: {},
  leaks: false,
});

const seen = ({ status, headers, body }: Answer): object => ({
  status,
  body: JSON.parse(body),
  type: headers['content-type'],
  cached: headers['cache-control'],
  isWhole: headers['content-length'] === String(Buffer.byteLength(body)),
  saysWhenToComeBack: Number(headers['retry-after']) > 0,
  // What the handler had announced about another body.
  remains: headers.etag === undefined ? {} : headers,
  leaks: body.includes(SECRET),
});

const HEX = 'ab'.repeat(32);
const nested = (levels: number): string =>
  `{"hardware_id":"${HEX}","metadata":${'{"a":'.repeat(levels - 1)}1${'}'.repeat(levels - 1)}}`;

/** Failures of the request as a whole: name, request below the plane's path, status, code, error. */
const WHOLE: readonly (readonly [string, (base: string) => Sent, number, string, string])[] = [
  ['an unknown route', (b) => ({ method: 'GET', path: `${b}/none` }), 404, 'NOT_FOUND', 'Not found'],
  ['malformed JSON for an unknown route', (b) => json('{', `${b}/none`), 404, 'NOT_FOUND', 'Not found'],
  [
    'a form for an unknown route',
    (b) => ({
      path: `${b}/none`,
      body: 'a=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    404,
    'NOT_FOUND',
    'Not found',
  ],
  ['a wrong method', (b) => ({ method: 'DELETE', path: `${b}/echo` }), 404, 'NOT_FOUND', 'Not found'],
  ['OPTIONS', (b) => ({ method: 'OPTIONS', path: `${b}/echo` }), 404, 'NOT_FOUND', 'Not found'],
  ['TRACE', (b) => ({ method: 'TRACE', path: `${b}/echo` }), 404, 'NOT_FOUND', 'Not found'],
  [
    'a method that no route can have',
    (b) => ({ method: 'PURGE', path: `${b}/echo` }),
    404,
    'NOT_FOUND',
    'Not found',
  ],
  ['QUERY', (b) => ({ method: 'QUERY', path: `${b}/echo` }), 404, 'NOT_FOUND', 'Not found'],
  [
    'QUERY with a type that is none',
    (b) => ({ method: 'QUERY', path: `${b}/echo`, body: 'x', headers: { 'content-type': 'x' } }),
    404,
    'NOT_FOUND',
    'Not found',
  ],
  [
    'a body of no type for an unknown route',
    (b) => json('{}', `${b}/none`, { 'content-type': 'x' }),
    404,
    'NOT_FOUND',
    'Not found',
  ],
  ['a slash at the end', (b) => json('{}', `${b}/echo/`), 404, 'NOT_FOUND', 'Not found'],
  ['an empty parameter', (b) => ({ method: 'GET', path: `${b}/item/` }), 404, 'NOT_FOUND', 'Not found'],
  ['upper case', (b) => json('{}', `${b.toUpperCase()}/echo`), 404, 'NOT_FOUND', 'Not found'],
  ['a path that cannot be decoded', (b) => json('{}', `${b}/%ff%zz?x=%`), 404, 'NOT_FOUND', 'Not found'],
  ['an encoded slash', (b) => json('{}', `${b}%2Fecho`), 404, 'NOT_FOUND', 'Not found'],
  ['a double slash', (b) => json('{}', `/${b}/echo`), 404, 'NOT_FOUND', 'Not found'],
  ['malformed JSON', (b) => json('{"hardware_id":', `${b}/echo`), 400, 'VALIDATION_ERROR', 'Malformed JSON'],
  ['blanks for JSON', (b) => json('  ', `${b}/echo`), 400, 'VALIDATION_ERROR', 'Malformed JSON'],
  ['a bad escape in a key', (b) => json('{"\\x":1}', `${b}/echo`), 400, 'VALIDATION_ERROR', 'Malformed JSON'],
  ['33 levels', (b) => json(nested(33), `${b}/echo`), 400, 'VALIDATION_ERROR', 'JSON is nested too deeply'],
  [
    '100,000 levels',
    (b) => json('['.repeat(1e5) + ']'.repeat(1e5), `${b}/echo`),
    400,
    'VALIDATION_ERROR',
    'JSON is nested too deeply',
  ],
  [
    'a duplicate key',
    (b) => json(`{"hardware_id":"${HEX}","hardware_id":"${HEX}"}`, `${b}/echo`),
    400,
    'VALIDATION_ERROR',
    'JSON has a duplicate key',
  ],
  [
    '__proto__',
    (b) => json('{"__proto__":{}}', `${b}/echo`),
    400,
    'VALIDATION_ERROR',
    'JSON has a forbidden key',
  ],
  [
    'constructor.prototype',
    (b) => json('{"constructor":{"prototype":{}}}', `${b}/echo`),
    400,
    'VALIDATION_ERROR',
    'JSON has a forbidden key',
  ],
  ...['[]', 'null', 'true', '7', '"x"'].map(
    (body) =>
      [
        `the body ${body}`,
        (b: string) => json(body, `${b}/echo`),
        400,
        'VALIDATION_ERROR',
        'Request body must be a JSON object',
      ] as const,
  ),
  [
    'invalid UTF-8',
    (b) => json(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), `${b}/echo`),
    400,
    'VALIDATION_ERROR',
    'Request body is not valid UTF-8',
  ],
  [
    'another charset',
    (b) => json('{}', `${b}/echo`, { 'content-type': 'application/json; charset="latin1"' }),
    415,
    'VALIDATION_ERROR',
    'Unsupported charset',
  ],
  [
    'a compressed body',
    (b) => json('{}', `${b}/echo`, { 'content-encoding': 'gzip' }),
    415,
    'VALIDATION_ERROR',
    'Unsupported content encoding',
  ],
  ...[
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'text/json',
    'nonsense',
  ].map(
    (type) =>
      [
        `a body of ${type}`,
        (b: string) => json('{}', `${b}/echo`, { 'content-type': type }),
        415,
        'VALIDATION_ERROR',
        'Unsupported content type',
      ] as const,
  ),
  [
    'a body without a type',
    (b) => ({ path: `${b}/echo`, body: '{}' }),
    415,
    'VALIDATION_ERROR',
    'Unsupported content type',
  ],
  [
    'JSON for a stream',
    (b) => json('{}', `${b}/upload`),
    415,
    'VALIDATION_ERROR',
    'Unsupported content type',
  ],
  [
    'a body over 1 MiB',
    (b) => json(`{"note":"${'x'.repeat(BODY_LIMIT)}"}`, `${b}/echo`),
    413,
    'VALIDATION_ERROR',
    'Request body is too large',
  ],
  [
    'a body of 20 MB that is still being sent',
    (b) => json(Buffer.alloc(20_000_000, ' '), `${b}/echo`),
    413,
    'VALIDATION_ERROR',
    'Request body is too large',
  ],
  [
    'a body of 20 MB of unknown length',
    (b) => json(Readable.from(Array<Buffer>(200).fill(Buffer.alloc(100_000, ' '))), `${b}/echo`),
    413,
    'VALIDATION_ERROR',
    'Request body is too large',
  ],
  [
    'a bad Expect',
    (b) => json('{}', `${b}/echo`, { expect: 'miracles' }),
    417,
    'VALIDATION_ERROR',
    'Expectation failed',
  ],
  [
    'a missing credential',
    (b) => ({ method: 'GET', path: `${b}/throws/unauthorized` }),
    401,
    'UNAUTHORIZED',
    'Invalid or missing API key',
  ],
  [
    'a missing right',
    (b) => ({ method: 'GET', path: `${b}/throws/forbidden` }),
    403,
    'FORBIDDEN',
    'Not for you',
  ],
  [
    'an unknown resource',
    (b) => ({ method: 'GET', path: `${b}/throws/missing` }),
    404,
    'NOT_FOUND',
    'Version not found',
  ],
  [
    'a conflict',
    (b) => ({ method: 'GET', path: `${b}/throws/conflict` }),
    409,
    'CONFLICT',
    'Already published',
  ],
  [
    'an idempotency key used twice',
    (b) => ({ method: 'GET', path: `${b}/throws/idempotency` }),
    409,
    'IDEMPOTENCY_KEY_CONFLICT',
    'Idempotency key was used for another request',
  ],
  [
    'a precondition',
    (b) => ({ method: 'GET', path: `${b}/throws/precondition` }),
    412,
    'CONFLICT',
    'Changed since',
  ],
  [
    'too many requests',
    (b) => ({ method: 'GET', path: `${b}/throws/limited` }),
    429,
    'RATE_LIMITED',
    'Too many requests',
  ],
  [
    "a library's refusal",
    (b) => ({ method: 'GET', path: `${b}/throws/foreign` }),
    409,
    'CONFLICT',
    'Conflict',
  ],
  [
    'a fault',
    (b) => ({ method: 'GET', path: `${b}/throws/fault` }),
    500,
    'INTERNAL_ERROR',
    'Internal server error',
  ],
  [
    'undefined, thrown',
    (b) => ({ method: 'GET', path: `${b}/throws/nothing` }),
    500,
    'INTERNAL_ERROR',
    'Internal server error',
  ],
  [
    'a fault in a middleware',
    (b) => ({ method: 'GET', path: `${b}/middleware` }),
    500,
    'INTERNAL_ERROR',
    'Internal server error',
  ],
  [
    'a database that is down',
    (b) => ({ method: 'GET', path: `${b}/throws/down` }),
    503,
    'INTERNAL_ERROR',
    'Service temporarily unavailable',
  ],
];

/** Bad fields: name, request, details. */
const FIELDS: readonly (readonly [string, (base: string) => Sent, Record<string, string[]>])[] = [
  ['no body', (b) => ({ path: `${b}/echo` }), { hardware_id: ['The hardware id field is required.'] }],
  ['an empty body', (b) => json('', `${b}/echo`), { hardware_id: ['The hardware id field is required.'] }],
  [
    'an empty object',
    (b) => json('{}', `${b}/echo`),
    { hardware_id: ['The hardware id field is required.'] },
  ],
  [
    'a short field',
    (b) => json('{"hardware_id":"ab"}', `${b}/echo`),
    { hardware_id: ['The hardware id field must be 64 characters.'] },
  ],
  [
    'a NUL byte',
    (b) => json(`{"hardware_id":"${HEX}","note":"\\u0000"}`, `${b}/echo`),
    { note: ['The note field format is invalid.'] },
  ],
  [
    'unknown fields',
    (b) => json(`{"hardware_id":"${HEX}","colour":1,"toString":2}`, `${b}/echo`),
    { colour: ['The colour field is prohibited.'], toString: ['The toString field is prohibited.'] },
  ],
  [
    'an unknown query parameter',
    (b) => ({ method: 'GET', path: `${b}/list?colour=red` }),
    { colour: ['The colour field is prohibited.'] },
  ],
  [
    'a prototype in the query',
    (b) => ({ method: 'GET', path: `${b}/list?constructor=1` }),
    { constructor: ['The constructor field is prohibited.'] },
  ],
  [
    'a query parameter given twice',
    (b) => ({ method: 'GET', path: `${b}/list?page=1&page=2` }),
    { page: ['The page field must be an integer.'] },
  ],
  [
    'a query for a route without one',
    (b) => json(`{"hardware_id":"${HEX}"}`, `${b}/echo?colour=red`),
    { colour: ['The colour field is prohibited.'] },
  ],
  [
    'a body for a route without one',
    (b) => json('{"colour":1}', `${b}/plain`),
    { colour: ['The colour field is prohibited.'] },
  ],
];

const BASES = PLANE_NAMES.map((plane) => [plane, `/api/v1/${PLANES[plane].segments[0]}`] as const);

describe.each(BASES)('on the %s plane', (plane, base) => {
  it.each(WHOLE)('%s is refused in its envelope', async (_name, request, status, code, error) => {
    const answer = await send(request(base));
    expect(seen(answer)).toEqual(refusal(plane, status, code, error));
  });

  it.each(FIELDS)('%s is a refusal with the details its envelope has', async (_name, request, details) => {
    const answer = await send(request(base));
    const rules = PLANES[plane].badFields;
    const error = rules.error ?? String(Object.values(details)[0]?.[0]);
    expect(seen(answer)).toEqual(refusal(plane, rules.status, 'VALIDATION_ERROR', error, details));
  });

  it('broken HTTP is answered in its envelope', async () => {
    const answer = await sendRaw(`GET ${base}/list HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n`);
    expect(seen(answer)).toEqual(refusal(plane, 400, 'VALIDATION_ERROR', 'Invalid request'));
    expect(answer.headers['connection']).toBe('close');
  });

  it('headers that are too large are answered in its envelope', async () => {
    const answer = await sendRaw(`GET ${base}/list HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`);
    expect(seen(answer)).toEqual(refusal(plane, 431, 'VALIDATION_ERROR', 'Request headers are too large'));
  });

  it('CONNECT is answered in its envelope', async () => {
    const answer = await sendRaw(`CONNECT ${base}/echo HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(seen(answer)).toEqual(refusal(plane, 404, 'NOT_FOUND', 'Not found'));
  });

  it('an answer that fails half-way is cut, so that nobody takes it for whole', async () => {
    await expect(send({ method: 'GET', path: `${base}/half` })).rejects.toThrow(/aborted|hang up/);
  });

  it('a good request is served', async () => {
    const answer = await send(
      json(`{"hardware_id":"${HEX}"}`, `${base}/echo`, { 'content-encoding': 'identity' }),
    );
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.body)).toEqual({ hardware_id: HEX, bytes: 82 });
  });
});

/** A body of so many bytes. */
const filled = (size: number): string => `{"hardware_id":"${HEX}"${' '.repeat(size - 82)}}`;

describe('the adapter', () => {
  const base = '/api/v1/admin';

  it.each(['application/json; charset=UTF-8', 'application/JSON;charset="utf-8"', 'application/json; x=y'])(
    'reads %s',
    async (type) => {
      const answer = await send(json(`{"hardware_id":"${HEX}"}`, `${base}/echo`, { 'content-type': type }));
      expect(answer.status).toBe(201);
    },
  );

  it('reads 32 levels', async () => {
    expect((await send(json(nested(32), `${base}/echo`))).status).toBe(201);
  });

  it('reads a body of exactly 1 MiB and no more', async () => {
    expect((await send(json(filled(BODY_LIMIT), `${base}/echo`))).status).toBe(201);
    expect((await send(json(filled(BODY_LIMIT + 1), `${base}/echo`))).status).toBe(413);
  });

  it('streams bytes to the routes that take them, and refuses them compressed', async () => {
    const bytes = {
      path: `${base}/upload`,
      body: 'bytes',
      headers: { 'content-type': 'application/octet-stream' },
    };
    expect(JSON.parse((await send(bytes)).body)).toEqual({ received: 'bytes' });
    const packed = await send({ ...bytes, headers: { ...bytes.headers, 'content-encoding': 'gzip' } });
    expect(packed.status).toBe(415);
    expect((await send({ path: `${base}/upload` })).status).toBe(415);
  });

  it('lets a handler refuse a stream that is still coming', async () => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': '5000000' };
    const answer = await send({ path: `${base}/upload`, body: Buffer.alloc(5_000_000), headers });
    expect(seen(answer)).toEqual(refusal('admin', 413, 'VALIDATION_ERROR', 'The file is too large'));
  });

  it('tells the handler of a stream that the client cuts off, and logs no fault', async () => {
    const before = logged.length;
    const socket = connect(port, '127.0.0.1');
    const head = `POST ${base}/upload HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n`;
    socket.write(`${head}Content-Length: 1000\r\n\r\nhalf`, () => setTimeout(() => socket.destroy(), 50));
    await once(socket, 'close');
    while (cutOff.length === 0) await setTimeoutPromise(5);
    expect(cutOff).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
    await setTimeoutPromise(20);
    expect(logged).toHaveLength(before);
  });

  it('logs a fault with its cause under an id of its own, and no refusal', async () => {
    logged.length = 0;
    await send({ method: 'GET', path: `${base}/throws/forbidden` });
    await send({
      method: 'GET',
      path: `${base}/throws/fault`,
      headers: { 'x-request-id': 'forged', 'request-id': 'forged' },
    });
    expect(logged).toEqual([
      [
        {
          err: expect.objectContaining({ type: 'TypeError', message: SECRET, stack: expect.any(String) }),
          status: 500,
          request_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/),
        },
        'Request failed',
        'Http',
      ],
    ]);
  });

  it('leaves a parameter of any length to the handler', async () => {
    const answer = await send({ method: 'GET', path: `${base}/item/${'x'.repeat(10_000)}` });
    expect(answer.status).toBe(200);
  });

  it('hands over an undecodable parameter as it was written', async () => {
    const answer = await send({ method: 'GET', path: `${base}/item/%ff` });
    expect(JSON.parse(answer.body)).toEqual({ id: '%ff' });
  });

  it('marks every answer about a secret path, and those that nobody may store', async () => {
    for (const path of ['/api/v1/download/file/none', '/sso/consume/none']) {
      const { status, headers } = await send({ method: 'GET', path });
      expect([status, headers['referrer-policy']]).toEqual([404, 'no-referrer']);
      const broken = await sendRaw(`GET ${path} HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n`);
      expect([broken.status, broken.headers['referrer-policy']]).toEqual([400, 'no-referrer']);
    }
    for (const segment of ['license', 'admin', 'auth', 'portal']) {
      const { status, headers } = await send({ method: 'GET', path: `/api/v1/${segment}/item/1` });
      expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    }
    const { headers } = await send({ method: 'GET', path: '/api/v1/download/item/1' });
    expect(headers).not.toHaveProperty('cache-control');
  });

  it('serves a request without a Host', async () => {
    const answer = await sendRaw(`GET ${base}/item/1 HTTP/1.1\r\nConnection: close\r\n\r\n`);
    expect(answer.status).toBe(200);
  });

  it.each([
    'GARBAGE\r\n\r\n',
    '\u0016\u0003\u0001',
    'GET  HTTP/1.1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  ])('answers %j as the panel plane', async (bytes) => {
    const answer = await sendRaw(bytes);
    expect(seen(answer)).toEqual(refusal('panel', 400, 'VALIDATION_ERROR', 'Invalid request'));
  });

  it('answers a broken chunk in an envelope, once', async () => {
    const answer = await sendRaw(
      `POST ${base}/echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
    );
    expect(seen(answer)).toEqual(refusal('admin', 400, 'VALIDATION_ERROR', 'Invalid request'));
  });

  it('writes no second answer into one that is under way', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET ${base}/slow HTTP/1.1\r\nHost: x\r\n\r\n`);
    socket.once('data', () => socket.write('GARBAGE\r\n\r\n'));
    const received: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => received.push(chunk)).on('error', ignore);
    await once(socket, 'close');
    const all = Buffer.concat(received).toString();
    expect(all).toMatch(/begun$/);
    expect(all.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('answers a target that the router refuses in an envelope', async () => {
    const answer = await sendRaw(
      `GET http:///api/v1/license HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(Object.keys(JSON.parse(answer.body)).sort()).toEqual(['code', 'error', 'valid']);
  });

  it('pages a list', async () => {
    const answer = await send({ method: 'GET', path: `${base}/list?page=2&per_page=100&sort=-code` });
    expect(JSON.parse(answer.body)).toEqual({
      success: true,
      data: [100, { field: 'code', direction: 'DESC' }],
      meta: { total: 101, per_page: 100, current_page: 2, last_page: 2 },
    });
    const plain = await send({ method: 'GET', path: `${base}/list` });
    expect(JSON.parse(plain.body)).toMatchObject({
      data: [0, { field: 'created_at', direction: 'DESC' }],
      meta: { per_page: 50, current_page: 1, last_page: 3 },
    });
  });

  it.each(['per_page=0', 'per_page=101', 'page=0', 'page=x', 'sort=password', 'sort=--code', 'q=%00'])(
    'refuses a list with %s',
    async (query) => {
      expect((await send({ method: 'GET', path: `${base}/list?${query}` })).status).toBe(422);
    },
  );

  it('describes its input in OpenAPI', () => {
    const { components, paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    expect(components?.schemas).toMatchObject({
      Part: { required: ['size'], properties: { size: { type: 'integer', minimum: 1 } } },
      Echo: {
        required: ['hardware_id'],
        properties: {
          hardware_id: { type: 'string', pattern: '^[0-9a-fA-F]{64}$' },
          note: { type: 'string', maxLength: 255 },
          part: { $ref: '#/components/schemas/Part' },
        },
      },
    });
    expect(paths['/api/v1/admin/list']?.get?.parameters).toContainEqual({
      name: 'sort',
      in: 'query',
      required: false,
      schema: {
        type: 'string',
        enum: ['created_at', '-created_at', 'code', '-code'],
        default: '-created_at',
      },
    });
  });

  it('keeps serving after all of that', async () => {
    expect((await send({ method: 'GET', path: `${base}/item/7` })).status).toBe(200);
  });
});
