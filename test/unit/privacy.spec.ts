import { privacyHeaders } from '../../src/http/privacy.js';
import { shownPath } from '../../src/http/secret-paths.js';

const unstored = { 'cache-control': 'no-store' };
const unreferred = { 'referrer-policy': 'no-referrer' };

describe('what an answer may not become', () => {
  it.each([
    ['/api/v1/license/validate', unstored],
    ['/api/v1/license/none', unstored],
    ['/api/v1/%6Cicense/validate', unstored],
    ['/api/v1/admin/products?page=1', unstored],
    ['/api/v1/auth/me', unstored],
    ['/api/v1/portal/licenses', unstored],
    ['/api/v1/download/file/token', unreferred],
    ['/api/v1/download/%66ile/token', unreferred],
    ['/api/v1/Download/file/token?x=1', unreferred],
    ['http://host/api/v1/download/file/', unreferred],
    ['/sso/consume/token', unreferred],
    ['/api/v1/auth/sso/consume/token', { ...unstored, ...unreferred }],
    ['/api/v1/download/token', {}],
    ['/api/v1/openapi.json?next=/download/file/x', {}],
    ['/health/live', {}],
  ])('%s', (target, headers) => expect(privacyHeaders(target)).toEqual(headers));
});

describe('a path that is shown', () => {
  it.each([
    ['/api/v1/license/validate?key=x', '/api/v1/license/validate'],
    ['/api/v1/download/file/t0ken?x=1#y', '/api/v1/download/file/***'],
    ['/api/v1/download/%66ile/t0ken', '/api/v1/download/file/***'],
    ['/api/v1/download/file/t0%2Fken/more', '/api/v1/download/file/***'],
    ['/SSO/consume/t0ken', '/SSO/consume/***'],
    ['/api/v1/download/File/t0ken', '/api/v1/download/File/***'],
    ['/api/v1//download//file//t0ken', '/api/v1//download//file/***'],
    ['/api/v1/download%2Ffile%2Ft0ken', '/api/v1/download/file/***'],
    ['/api/v1/download/file/t0ken%zz', '/api/v1/download/file/***'],
    ['/api/v1/download/%66ile/%zzt0ken', '/api/v1/download/file/***'],
    ['/api/v1/download/file/%0At0ken%0Dt0ken', '/api/v1/download/file/***'],
  ])('%s', (target, shown) => expect(shownPath(target)).toBe(shown));
});
