import { PLANES, type Plane } from '../../src/http/planes.js';
import { hardwareId, type TestApp } from './app.js';
import { jsonPost, type Received, type Sent } from './wire.js';

export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly error: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export const refusal = (status: number, code: string, error: string): Refusal => ({ status, code, error });

export const NOT_FOUND = refusal(404, 'NOT_FOUND', 'Not found');

/** The envelopes of the contract, written down once more: the ones of src/http are what is tested. */
const ENVELOPES = {
  license: ({ error, code, details }) => ({ valid: false, error, code, ...(details && { details }) }),
  download: ({ error }) => ({ error }),
  admin: ({ error, code, details }) => ({ success: false, error, code, ...(details && { details }) }),
  panel: ({ error, code, status }) => ({ success: false, code, error, message: error, status }),
} as const satisfies Record<Plane, (refusal: Refusal) => object>;

/** What bad fields are answered with, plane by plane; `first` is the first message. */
const BAD_FIELDS = {
  license: () => ({ status: 422, error: 'Invalid request data' }),
  download: (first) => ({ status: 422, error: first }),
  admin: () => ({ status: 422, error: 'Validation failed' }),
  panel: (first) => ({ status: 400, error: first }),
} as const satisfies Record<Plane, (first: string) => { status: number; error: string }>;

export function badFields(plane: Plane, details: Readonly<Record<string, readonly string[]>>): Refusal {
  const [first = ''] = Object.values(details).flat();
  return { ...BAD_FIELDS[plane](first), code: 'VALIDATION_ERROR', details };
}

/** Everything about an answer that the contract fixes for a refusal, to be compared with `seen`. */
export const refused = (plane: Plane, expected: Refusal) => ({
  status: expected.status,
  type: 'application/json; charset=utf-8',
  saysWhenToComeBack: expected.status === 429 || expected.status === 503,
  body: ENVELOPES[plane](expected),
});

export const seen = ({ status, headers, body }: Received) => ({
  status,
  type: headers['content-type'],
  saysWhenToComeBack: Number(headers['retry-after']) > 0,
  body: JSON.parse(body) as unknown,
});

const KEYS = {
  license: { needed: ['code', 'error', 'valid'], possible: ['details', 'proof'] },
  download: { needed: ['error'], possible: [] },
  admin: { needed: ['code', 'error', 'success'], possible: ['details'] },
  panel: { needed: ['code', 'error', 'message', 'status', 'success'], possible: [] },
} as const satisfies Record<Plane, { needed: readonly string[]; possible: readonly string[] }>;

/** Whether an answer is a refusal, below 500, in the envelope of the plane, whatever it says. */
export function isRefusalOf(plane: Plane, { status, headers, body }: Received): boolean {
  if (status < 400 || status >= 500) return false;
  if (headers['content-type'] !== 'application/json; charset=utf-8') return false;
  const keys = Object.keys(JSON.parse(body));
  const { needed, possible }: { needed: readonly string[]; possible: readonly string[] } = KEYS[plane];
  const more = keys.filter((key) => !needed.includes(key));
  return keys.length - more.length === needed.length && more.every((key) => possible.includes(key));
}

/** A route that stands for its plane. */
export interface Representative {
  /** Below /api/v1, and only for POST. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A body that is accepted. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly accepted: number;
  /** What is said of an empty body. */
  readonly empty: Refusal;
  /** The same without a good credential. */
  readonly stranger: { readonly sent: Sent; readonly refusal: Refusal };
  /** A table that it can't do without. */
  readonly table: string;
}

const required = (...fields: string[]) =>
  Object.fromEntries(
    fields.map((field) => [field, [`The ${field.replaceAll('_', ' ')} field is required.`]] as const),
  );

const NOBODYS_KEY = 'NOBODY-KNOWS-THIS-KEY';

/** One route for each plane, over an app with a license that is active on some hardware. */
export const representatives = (app: TestApp, key: string, hardware: string) => {
  const panel = { license_key: key, hardware_id: hardware };
  const stranger = { license_key: NOBODYS_KEY, hardware_id: hardwareId() };
  return {
    license: {
      path: '/license/validate',
      headers: {},
      body: { ...panel, version: '1.0.0' },
      accepted: 200,
      empty: badFields('license', required('license_key', 'hardware_id', 'version')),
      stranger: {
        sent: jsonPost('/api/v1/license/validate', JSON.stringify({ ...stranger, version: '1.0.0' })),
        refusal: { status: 401, code: 'INVALID_KEY', error: 'Invalid license key' },
      },
      table: 'licenses',
    },
    download: {
      path: '/download/check-update',
      headers: {},
      body: { ...panel, current_version: '1.0.0' },
      accepted: 200,
      empty: badFields('download', required('license_key', 'hardware_id', 'current_version')),
      stranger: {
        sent: jsonPost(
          '/api/v1/download/check-update',
          JSON.stringify({ ...stranger, current_version: '1.0.0' }),
        ),
        refusal: { status: 401, code: 'UNAUTHORIZED', error: 'Invalid license' },
      },
      table: 'releases',
    },
    admin: {
      path: '/admin/policies',
      headers: { 'x-admin-key': app.adminKey },
      body: { code: `tier-${hardwareId().slice(0, 12)}`, name: 'Tier' },
      accepted: 201,
      empty: badFields('admin', required('code', 'name')),
      stranger: {
        sent: jsonPost('/api/v1/admin/policies', '{"code":"x","name":"y"}', { 'x-admin-key': 'mk_none' }),
        refusal: { status: 401, code: 'UNAUTHORIZED', error: 'Invalid or missing API key' },
      },
      table: 'policies',
    },
    panel: {
      path: '/auth/login',
      headers: {},
      body: { username: 'admin', password: app.password },
      accepted: 200,
      empty: { status: 400, code: 'VALIDATION_ERROR', error: 'Username and password are required' },
      stranger: {
        sent: jsonPost('/api/v1/auth/login', '{"username":"admin","password":"of somebody else"}'),
        refusal: { status: 401, code: 'UNAUTHORIZED', error: 'Invalid credentials' },
      },
      table: 'users',
    },
  } as const satisfies Record<Plane, Representative>;
};

/** A plane's representative, ready to be called. */
export interface Call {
  readonly plane: Plane;
  readonly route: Representative;
  /** The route's path with /api/v1 in front. */
  readonly path: string;
  /** The first segment of the plane, with /api/v1 in front. */
  readonly base: string;
  /** A POST of the text to the route, with its credential. */
  readonly post: (body: string | Buffer, headers?: Record<string, string>) => Sent;
}

export const callOf = (plane: Plane, route: Representative): Call => {
  const path = `/api/v1${route.path}`;
  return {
    plane,
    route,
    path,
    base: `/api/v1/${PLANES[plane].segments[0]}`,
    post: (body, headers) => jsonPost(path, body, { ...route.headers, ...headers }),
  };
};
