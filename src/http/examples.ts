import { createHash } from 'node:crypto';

/** Values that examples share, so that all of them together tell one story. They are made up, and the same in every build. */

export const exampleHash = (of: string): string => createHash('sha256').update(of).digest('hex');

/** A UUIDv7 for a thing by its name. */
export function exampleId(of: string): string {
  const hex = exampleHash(of);
  return `0195f3c2-${hex.slice(0, 4)}-7${hex.slice(4, 7)}-8${hex.slice(7, 10)}-${hex.slice(10, 22)}`;
}

export const EXAMPLE_HARDWARE = exampleHash('machine');
export const EXAMPLE_OTHER_HARDWARE = exampleHash('another machine');
export const EXAMPLE_LICENSE_KEY = 'PANEL-3F8K-9YT8-M0BM-288A-XS72';
export const EXAMPLE_LICENSE_HINT = 'PANEL-****-XS72';
export const EXAMPLE_API_KEY = `mk_${exampleHash('key').slice(0, 48)}`;

export const EXAMPLE_SESSION = `ms_${exampleHash('session').slice(0, 48)}`;
export const EXAMPLE_PASSWORD = 'correct horse battery staple';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** The form of a compact JWS; what it says is made up. */
export const exampleJws = (type: string): string =>
  [
    base64url(JSON.stringify({ alg: 'EdDSA', typ: type, kid: exampleHash('kid').slice(0, 16) })),
    base64url(JSON.stringify({ iss: 'https://licenses.example.com' })),
    base64url(exampleHash('signature')),
  ].join('.');
