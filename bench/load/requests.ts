import type { Pepper } from '../../src/signing/data-keys.js';
import { hardwareId, licenseKey, newHardwareId, scattered, VERSION, type Window } from '../data-set.ts';

/** What the one who asks knows. */
export interface Known {
  readonly licenses: number;
  readonly pepper: Pick<Pepper, 'hash'>;
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
