import * as fc from 'fast-check';
import { rewriteUndecodable } from '../../src/http/adapter.js';
import { PLANE_NAMES, PLANES, planeOf } from '../../src/http/planes.js';

describe('the plane of a request', () => {
  it.each(PLANE_NAMES.flatMap((plane) => PLANES[plane].segments.map((segment) => [segment, plane] as const)))(
    'is told by the segment %s alone',
    (segment, plane) => {
      expect(planeOf(`/api/v1/${segment}`)).toBe(plane);
      expect(planeOf(`/api/v1/${segment}/unknown/route?x=1`)).toBe(plane);
      expect(planeOf(`/api/v1/${segment}?x=/api/v1/none`)).toBe(plane);
    },
  );

  it.each([
    ['/API/V1/License/activate', 'license'],
    ['/api/v1/LICENSE', 'license'],
    ['/%61pi/v1/License/x', 'license'],
    ['/api/v1/%6Cicense/activate', 'license'],
    ['/api/v1/license%2Factivate', 'license'],
    ['/api%2Fv1%2fadmin', 'admin'],
    ['//api/v1/license/activate', 'license'],
    ['/api//v1///download/token', 'download'],
    ['http://panel.example:2083/api/v1/admin/products', 'admin'],
    ['/api/v1/license#admin', 'license'],
    ['/api/v1/license/%ff', 'license'],
    ['/api/v1/%ff/license', 'panel'],
    ['/api/v1/license%', 'panel'],
    ['/api/v1/administrator', 'panel'],
    ['/api/v1/licenses', 'panel'],
    ['/api/v1/admin%00', 'panel'],
    ['/api/v1/auth/login', 'panel'],
    ['/api/v1/portal/licenses', 'panel'],
    ['/api/v1/constructor', 'panel'],
    ['/api/v1', 'panel'],
    ['/api/v2/license/activate', 'panel'],
    ['/license/activate', 'panel'],
    ['/x/api/v1/license', 'panel'],
    ['*', 'panel'],
    ['', 'panel'],
    ['/?/api/v1/license', 'panel'],
  ])('of %s is %s', (url, plane) => {
    expect(planeOf(url)).toBe(plane);
  });

  it('stays the same when the path is made readable for the router', () => {
    const part = fc.constantFrom('license', 'admin', 'x', '', '%2f', '%61dmin', '%', '%ff', 'x?%');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), (parts) => {
        const url = `/%61pi/v1/${parts.join('/')}`;
        const readable = rewriteUndecodable({ url });
        expect(planeOf(readable)).toBe(planeOf(url));
        expect(() => decodeURI(readable.split(/[?#]/)[0] ?? '')).not.toThrow();
      }),
      { numRuns: 1_000 },
    );
  });
});
