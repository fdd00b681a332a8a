import type { Pepper } from '../../src/signing/data-keys.js';
import { hash } from 'node:crypto';
import { hardwareId, licenseKey, newHardwareId, scattered, VERSION, type Window } from '../data-set.ts';
import { fileName, fileToken, LARGE_FILE, LARGE_FILE_BYTES, MEBIBYTE, SMALL_FILES } from '../files.ts';

/** What the one who asks knows. */
export interface Known {
  readonly licenses: number;
  readonly pepper: Pick<Pepper, 'hash'>;
  readonly adminKey: string;
}

/** A request: what stands in it is a function of the license and of the place in the run. */
interface Made {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

type Make = (index: number, place: number, known: Known) => Made;

/** Licenses that were never sold: their keys are well made, so that the database is asked. */
const NEVER_SOLD = 1_000_000_000;

const panel =
  (action: string, of: (index: number, place: number) => object): Make =>
  (index, place) => ({
    method: 'POST',
    path: `/api/v1/license/${action}`,
    body: { license_key: licenseKey(index), version: VERSION, ...of(index, place) },
  });

/** The bare server is given what the service makes of a body: it hashes nothing. */
const bare =
  (path: string, of: (index: number, place: number) => { key?: number; hardware: string }): Make =>
  (index, place, { pepper }) => {
    const { key = index, hardware } = of(index, place);
    const key_hash = pepper
      .hash('license-key', licenseKey(key) as Parameters<Pepper['hash']>[1])
      .toString('hex');
    return { method: 'POST', path, body: { key_hash, hardware_id: hardware, version: VERSION } };
  };

const seated = (index: number) => ({ hardware: hardwareId(index) });

const offered =
  (action: string): Make =>
  (index) => ({
    method: 'POST',
    path: `/api/v1/download/${action}`,
    body: {
      license_key: licenseKey(index),
      hardware_id: hardwareId(index),
      current_version: VERSION,
      platform: 'linux',
      arch: 'x64',
    },
  });

const file = (name: string, headers: Readonly<Record<string, string>> = {}): Made => ({
  method: 'GET',
  path: `/api/v1/download/file/${fileToken(name)}`,
  headers,
});

const plainFile = (name: string, headers: Readonly<Record<string, string>> = {}): Made => ({
  method: 'GET',
  path: `/${name}`,
  headers,
});

const smallFile = (place: number) => fileName(place % SMALL_FILES);

/** A megabyte of the large file, anywhere in it. */
function rangeAt(place: number): { Range: string } {
  const from = hash('sha256', `range ${place}`, 'buffer').readUInt32BE() % (LARGE_FILE_BYTES - MEBIBYTE);
  return { Range: `bytes=${from}-${from + MEBIBYTE - 1}` };
}

export const REQUESTS = {
  validate: panel('validate', (index) => ({ hardware_id: hardwareId(index) })),
  'validate with proof': panel('validate', (index) => ({
    hardware_id: hardwareId(index),
    nonce: 'n-0123456789abcdef',
  })),
  'validate unknown': panel('validate', (index) => ({
    license_key: licenseKey(NEVER_SOLD + index),
    hardware_id: hardwareId(index),
  })),
  activate: panel('activate', (_index, place) => ({ hardware_id: newHardwareId(place) })),
  'bare facts': bare('/facts', seated),
  'bare facts of unknown': bare('/facts', (index) => ({
    key: NEVER_SOLD + index,
    hardware: hardwareId(index),
  })),
  'bare renewal': bare('/renew', seated),
  'bare activation': bare('/activate', (_index, place) => ({ hardware: newHardwareId(place) })),
  'check-update': offered('check-update'),
  token: offered('token'),
  'admin list': (_index, _place, { adminKey }) => ({
    method: 'GET',
    path: '/api/v1/admin/licenses?per_page=50',
    headers: { 'X-Admin-Key': adminKey },
  }),
  'bare check-update': bare('/check-update', seated),
  'bare token': bare('/token', seated),
  'bare list': (_index, _place, { pepper, adminKey }) => ({
    method: 'GET',
    path: `/licenses?key_hash=${pepper.hash('api-key', adminKey).toString('hex')}`,
  }),
  'large file': () => file(LARGE_FILE),
  'small file': (_index, place) => file(smallFile(place)),
  'range of a file': (_index, place) => file(LARGE_FILE, rangeAt(place)),
  'plain large file': () => plainFile(LARGE_FILE),
  'plain small file': (_index, place) => plainFile(smallFile(place)),
  'range of a plain file': (_index, place) => plainFile(LARGE_FILE, rangeAt(place)),
} as const satisfies Record<string, Make>;

export type RequestName = keyof typeof REQUESTS;

function bytesOf({ method, path, headers = {}, body }: Made): Buffer {
  const content = body === undefined ? '' : JSON.stringify(body);
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: bench',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined
      ? []
      : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(content)}`]),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${content}`);
}

/** The requests of a window as they go over the wire, made before the run: made within, they would take time from it. */
export function requestsOf(name: RequestName, { from, count }: Window, known: Known): Buffer[] {
  return Array.from({ length: count }, (_, turn) => {
    const place = from + turn;
    return bytesOf(REQUESTS[name](scattered(known.licenses, place), place, known));
  });
}
