import { BadRequestException, HttpException } from '@nestjs/common';
import { errorCodes } from 'fastify';
import { QueryFailedError } from 'typeorm';
import { VERDICTS, type LicenseCode } from '../../src/domain/verdicts.js';
import { ENVELOPES } from '../../src/http/envelopes.js';
import * as errors from '../../src/http/errors.js';
import { PLANE_NAMES, type Plane } from '../../src/http/planes.js';
import { loggable } from '../../src/http/log-safe.js';
import { toFailure } from '../../src/http/to-failure.js';

const bodyOf = (exception: unknown, plane: Plane): unknown => ENVELOPES[plane](toFailure(exception, plane));

describe('the envelope of a refusal', () => {
  const refusal = errors.notFound('Version');

  it.each([
    ['license', { valid: false, error: 'Version not found', code: 'NOT_FOUND' }],
    ['download', { error: 'Version not found' }],
    ['admin', { success: false, error: 'Version not found', code: 'NOT_FOUND' }],
    [
      'panel',
      {
        success: false,
        code: 'NOT_FOUND',
        error: 'Version not found',
        message: 'Version not found',
        status: 404,
      },
    ],
  ] as const)('of the %s plane has these members and no others', (plane, body) => {
    expect(bodyOf(refusal, plane)).toEqual(body);
  });

  it('exists for every plane', () => {
    expect(Object.keys(ENVELOPES).sort()).toEqual([...PLANE_NAMES].sort());
  });
});

describe('bad fields', () => {
  const exception = errors.fieldErrors({
    code: ['The code field is required.'],
    name: ['The name field is required.'],
  });
  const { details } = exception;

  it.each([
    ['license', 422, { valid: false, error: 'Invalid request data', code: 'VALIDATION_ERROR', details }],
    ['download', 422, { error: 'The code field is required.' }],
    ['admin', 422, { success: false, error: 'Validation failed', code: 'VALIDATION_ERROR', details }],
    [
      'panel',
      400,
      {
        success: false,
        code: 'VALIDATION_ERROR',
        error: 'The code field is required.',
        message: 'The code field is required.',
        status: 400,
      },
    ],
  ] as const)('on the %s plane are a %i', (plane, status, body) => {
    expect(toFailure(exception, plane).status).toBe(status);
    expect(bodyOf(exception, plane)).toEqual(body);
  });
});

describe('a license refusal', () => {
  it.each(Object.keys(VERDICTS) as LicenseCode[])(
    '%s is answered in the words of the verdict table',
    (code) => {
      const exception = new errors.LicenseRefusal(code);
      expect(toFailure(exception, 'license').status).toBe(VERDICTS[code].status);
      expect(bodyOf(exception, 'license')).toEqual({ valid: false, error: VERDICTS[code].error, code });
    },
  );

  it('carries its details and its proof', () => {
    const exception = new errors.LicenseRefusal('VERSION_TOO_LOW', {
      details: { version: '2.0.0' },
      extra: { proof: 'a.b.c' },
    });
    expect(bodyOf(exception, 'license')).toEqual({
      valid: false,
      error: 'Version is below the minimum supported version',
      code: 'VERSION_TOO_LOW',
      details: { version: '2.0.0' },
      proof: 'a.b.c',
    });
    expect(bodyOf(exception, 'download')).toEqual({
      error: 'Version is below the minimum supported version',
    });
  });
});

describe('what others throw', () => {
  const SECRET = 'mk_0123456789';

  it.each([
    [new HttpException(SECRET, 401), 401, 'UNAUTHORIZED', 'Missing or invalid credentials'],
    [new HttpException(SECRET, 403), 403, 'FORBIDDEN', 'Forbidden'],
    [new HttpException(SECRET, 404), 404, 'NOT_FOUND', 'Not found'],
    [new HttpException(SECRET, 405), 404, 'NOT_FOUND', 'Not found'],
    [new HttpException(SECRET, 409), 409, 'CONFLICT', 'Conflict'],
    [new HttpException(SECRET, 412), 412, 'CONFLICT', 'Precondition failed'],
    [new HttpException(SECRET, 413), 413, 'VALIDATION_ERROR', 'Request body is too large'],
    [new HttpException(SECRET, 418), 418, 'VALIDATION_ERROR', 'Invalid request'],
    [new BadRequestException([SECRET]), 400, 'VALIDATION_ERROR', 'Invalid request'],
    [new HttpException(SECRET, 429), 429, 'RATE_LIMITED', 'Too many requests'],
    [new HttpException(SECRET, 500), 500, 'INTERNAL_ERROR', 'Internal server error'],
    [new HttpException(SECRET, 502), 500, 'INTERNAL_ERROR', 'Internal server error'],
    [new HttpException(SECRET, 503), 503, 'INTERNAL_ERROR', 'Service temporarily unavailable'],
    [new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE(), 415, 'VALIDATION_ERROR', 'Unsupported content type'],
    [new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE(), 413, 'VALIDATION_ERROR', 'Request body is too large'],
    [new errorCodes.FST_ERR_BAD_URL(SECRET), 400, 'VALIDATION_ERROR', 'Invalid request'],
    [new Error(SECRET), 500, 'INTERNAL_ERROR', 'Internal server error'],
    [Object.assign(new Error(SECRET), { statusCode: 404 }), 500, 'INTERNAL_ERROR', 'Internal server error'],
    [SECRET, 500, 'INTERNAL_ERROR', 'Internal server error'],
    [undefined, 500, 'INTERNAL_ERROR', 'Internal server error'],
    [{ status: 200 }, 500, 'INTERNAL_ERROR', 'Internal server error'],
  ])('%p is a %i %s in our words', (exception, status, code, error) => {
    const failure = toFailure(exception, 'admin');
    expect(failure).toMatchObject({ status, code, error });
    expect(JSON.stringify(PLANE_NAMES.map((plane) => bodyOf(exception, plane)))).not.toContain(SECRET);
  });

  it('keeps the cause for the log', () => {
    const fault = new Error('boom');
    expect(toFailure(fault, 'admin').cause).toBe(fault);
    expect(toFailure(errors.unavailable(fault), 'admin').cause).toBe(fault);
  });
});

const coded = (code: string, more: object = {}): Error => Object.assign(new Error('x'), { code, ...more });

describe('a database that is down', () => {
  it.each([
    ['refuses the connection', coded('ECONNREFUSED')],
    ['resets the connection', coded('ECONNRESET', { syscall: 'read' })],
    ['shuts down', coded('57P01')],
    ['starts up', coded('57P03')],
    ['has no connection left', coded('53300')],
    ['is full', coded('53100')],
    ['has become a standby', coded('25006')],
    ['is being restored', coded('3D000')],
    ['waits for a lock for too long', coded('57014')],
    ['refuses us for a reason of its own', coded('55000', { severity: 'FATAL' })],
    ['has lost its socket file', coded('ENOENT', { syscall: 'connect' })],
    ['answers to no try of several', new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')])],
    ['is too slow to connect', new Error('timeout exceeded when trying to connect')],
    ['ends the connection', new Error('Connection terminated unexpectedly')],
    ['fails under TypeORM', new QueryFailedError('select 1', [], coded('57P01'))],
    ['is the cause of another error', new Error('could not list', { cause: coded('ECONNREFUSED') })],
  ])('%s: 503 with Retry-After', (_how, exception) => {
    const failure = toFailure(exception, 'license');
    expect(failure).toMatchObject({
      status: 503,
      code: 'INTERNAL_ERROR',
      error: 'Service temporarily unavailable',
    });
    expect(Number(failure.headers['retry-after'])).toBeGreaterThan(0);
  });

  it.each([
    ['a missing file', coded('ENOENT', { syscall: 'open' })],
    ['a broken constraint', new QueryFailedError('insert', [], coded('23505'))],
    [
      'an error that is its own cause',
      Object.defineProperty(new Error('x'), 'cause', { get: () => new Error('y') }),
    ],
  ])('is not what %s means', (_what, exception) => {
    expect(toFailure(exception, 'license').status).toBe(500);
  });

  it('is not what a client that goes away in the middle of its body means', () => {
    const aborted = Object.assign(new Error('aborted'), { code: 'ECONNRESET', statusCode: 400 });
    expect(toFailure(aborted, 'license').status).toBe(400);
  });
});

describe('what is logged of an error', () => {
  it('is what tells where it came from, and none of the values it carries', () => {
    const driver = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(a@b.org)',
    });
    const error = new Error('could not save', {
      cause: new QueryFailedError('insert', ['mk_5ecret'], driver),
    });
    const told = loggable(error);
    expect(told).toMatchObject({
      type: 'Error',
      message: 'could not save',
      cause: { type: 'QueryFailedError', message: 'duplicate key' },
    });
    expect(JSON.stringify(told)).not.toMatch(/mk_5ecret|a@b\.org/);
  });

  it('is a word when it was no error at all, and ends where causes go in circles', () => {
    expect(loggable('mk_5ecret')).toEqual({
      type: 'string',
      message: 'Something other than an error was thrown',
    });
    const error = new Error('x');
    error.cause = error;
    expect(JSON.stringify(loggable(error)).match(/"message"/g)).toHaveLength(6);
  });
});

describe('when to come back', () => {
  it.each([
    [errors.rateLimited(0), '1'],
    [errors.rateLimited(12.3), '13'],
    [new HttpException('ThrottlerException: Too Many Requests', 429), '60'],
  ])('is said by %p', (exception, seconds) => {
    expect(toFailure(exception, 'panel').headers).toEqual({ 'retry-after': seconds });
  });
});
