import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AdminGuard } from '../../src/auth/admin.guard.js';
import { Requires } from '../../src/http/access.js';
import { PublicError } from '../../src/http/errors.js';

@Requires('licenses')
class Guarded {
  list() {}

  @Requires('licenses', 'read')
  explain() {}

  @Requires('versions')
  versions() {}

  @Requires({ customers: 'read', users: 'read', audit: 'write' })
  several() {}
}

class Forgotten {
  list() {}
}

const guard = new AdminGuard(new Reflector());

interface Call {
  readonly type?: typeof Guarded | typeof Forgotten;
  readonly handler?: () => void;
  readonly method?: string;
  readonly url?: string;
  readonly permissions?: readonly string[];
}

/** `passes`, or the status and sentence of the refusal. */
function attempt({
  type = Guarded,
  handler = Guarded.prototype.list,
  method = 'GET',
  url = '/api/v1/admin/licenses',
  permissions,
}: Call) {
  const principal = permissions && { type: 'api_key', id: 'k', permissions, requestsPerMinute: null };
  const context = {
    getHandler: () => handler,
    getClass: () => type,
    switchToHttp: () => ({ getRequest: () => ({ method, originalUrl: url, principal }) }),
  };
  try {
    return guard.canActivate(context as unknown as ExecutionContext) && 'passes';
  } catch (error) {
    if (!(error instanceof PublicError)) throw error;
    return `${error.status} ${error.publicMessage}`;
  }
}

const NOT_SCOPED = "403 API key is not scoped for 'licenses'";

describe('the admin guard', () => {
  it('wants a credential on the admin plane', () =>
    expect(attempt({})).toBe('401 Invalid or missing API key'));

  it.each([
    ['all', 'GET', 'passes'],
    ['all', 'DELETE', 'passes'],
    ['read', 'GET', 'passes'],
    ['read', 'HEAD', 'passes'],
    ['read', 'POST', NOT_SCOPED],
    ['licenses:read', 'GET', 'passes'],
    ['licenses:read', 'PATCH', NOT_SCOPED],
    ['licenses:write', 'GET', 'passes'],
    ['licenses:write', 'POST', 'passes'],
    ['versions:write', 'GET', NOT_SCOPED],
  ])("with '%s' answers %s: %s", (permission, method, outcome) =>
    expect(attempt({ permissions: [permission], method })).toBe(outcome),
  );

  it('refuses a credential that may do nothing', () => expect(attempt({ permissions: [] })).toBe(NOT_SCOPED));

  it('lets a handler say otherwise than its controller', () => {
    const { explain, versions } = Guarded.prototype;
    expect(attempt({ handler: explain, method: 'POST', permissions: ['read'] })).toBe('passes');
    expect(attempt({ handler: versions, permissions: ['licenses:read'] })).toBe(
      "403 API key is not scoped for 'versions'",
    );
  });

  it.each([
    [['all'], 'passes'],
    [['customers:read', 'users:read', 'audit:write'], 'passes'],
    [['read', 'audit:write'], 'passes'],
    [['users:read'], "403 API key is not scoped for 'customers'"],
    [['customers:read', 'audit:write'], "403 API key is not scoped for 'users'"],
    [['read'], "403 API key is not scoped for 'audit'"],
  ])('wants all that a handler requires: %j %s', (permissions, outcome) =>
    expect(attempt({ handler: Guarded.prototype.several, permissions })).toBe(outcome),
  );

  it('closes an admin route that forgot to name its resource, to every key', () => {
    const forgotten = { type: Forgotten, handler: Forgotten.prototype.list };
    expect(attempt({ ...forgotten, permissions: ['all'] })).toBe('403 Forbidden');
    expect(attempt({ ...forgotten, permissions: ['all'], url: '/api/v1/%61dmin/x' })).toBe('403 Forbidden');
    expect(attempt(forgotten)).toBe('401 Invalid or missing API key');
  });

  it('guards a route that names a resource wherever it lies', () =>
    expect(attempt({ url: '/api/v1/elsewhere' })).toBe('401 Invalid or missing API key'));

  it('leaves the other planes alone', () => {
    for (const url of ['/api/v1/license/validate', '/api/v1/administrator', '/health/live']) {
      expect(attempt({ type: Forgotten, handler: Forgotten.prototype.list, url })).toBe('passes');
    }
  });
});
