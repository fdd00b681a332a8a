import { randomBytes } from 'node:crypto';
import * as fc from 'fast-check';
import { generateSecret } from '../../src/access/secret-tokens.js';
import { rewriteUndecodable } from '../../src/http/adapter.js';
import {
  apiSegmentOf,
  countedSegmentOf,
  decodedPath,
  LONGEST_KNOWN,
  PLANE_NAMES,
  PLANES,
  planeOf,
} from '../../src/http/planes.js';

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

const all = (target: string) => ({
  plane: planeOf(target),
  segment: apiSegmentOf(target),
  counted: countedSegmentOf(target),
  path: decodedPath(target),
});

describe('request targets that are remembered', () => {
  it('are each read as they are, however many there are and however often they come', () => {
    const targets = Array.from({ length: 3_000 }, (_, i) => {
      const plane = PLANE_NAMES[i % PLANE_NAMES.length] ?? 'panel';
      const segment = PLANES[plane].segments[0];
      return {
        target: `/api/v1/${segment}/%61${i}?x=${i}`,
        plane,
        segment,
        path: `/api/v1/${segment}/a${i}`,
      };
    });
    for (let times = 0; times < 2; times++) {
      for (const { target, plane, segment, path } of targets)
        for (let again = 0; again < 2; again++)
          expect(all(target)).toEqual({ plane, segment, counted: segment, path });
    }
  });

  it('are told apart by case, query and every byte', () => {
    for (let times = 0; times < 2; times++) {
      expect(decodedPath('/api/v1/License/x')).toBe('/api/v1/License/x');
      expect(decodedPath('/api/v1/license/x')).toBe('/api/v1/license/x');
      expect(decodedPath('/api/v1/license/x?y')).toBe('/api/v1/license/x');
      expect(planeOf('/api/v1/license')).toBe('license');
      expect(planeOf('/api/v1/license ')).toBe('panel');
      expect(planeOf('__proto__')).toBe('panel');
      expect(decodedPath('constructor')).toBe('constructor');
    }
  });

  it('are those of phone-homes, and none with a secret in it', () => {
    const fileToken = randomBytes(32).toString('base64url');
    for (const path of ['license/validate', 'license/activate', 'download/check-update', 'download/token'])
      expect(`/api/v1/${path}`.length).toBeLessThanOrEqual(LONGEST_KNOWN);
    for (const target of [`/api/v1/download/file/${fileToken}`, `/sso/consume/${generateSecret('ssoNonce')}`])
      expect(target.length).toBeGreaterThan(LONGEST_KNOWN);
  });
});
