import { EXAMPLE_HARDWARE, EXAMPLE_LICENSE_HINT, exampleId } from '../../http/examples.js';
import { LICENSE_COLUMNS, SEAT_COLUMNS } from './exports.service.js';

/** Files of one row are the examples of the API's document. */
const lines = (...texts: readonly string[]) => texts.map((text) => `${text}\n`).join('');

const TIME = '2026-03-01T09:00:00.000Z';

const LICENSE = {
  id: exampleId('License'),
  key_hint: EXAMPLE_LICENSE_HINT,
  product: 'panel',
  policy: 'pro',
  customer_id: null,
  status: 'active',
  status_reason: null,
  max_activations: 3,
  expires_at: '2027-03-01T09:00:00.000Z',
  updates_until: null,
  minimum_version: null,
  limits: { accounts: 10 },
  features: ['backup'],
  metadata: {},
  created_at: TIME,
} as const satisfies Record<(typeof LICENSE_COLUMNS)[number], unknown>;

const SEAT = {
  license_id: LICENSE.id,
  hardware_id: EXAMPLE_HARDWARE,
  hostname: 'panel-1.example.com',
  platform: 'linux',
  arch: 'x64',
  version: '1.0.0',
  activated_at: TIME,
  last_seen_at: TIME,
  offline_until: null,
} as const satisfies Record<(typeof SEAT_COLUMNS)[number], unknown>;

const asked = { key: 'ACME-1042', product: 'panel', policy: 'pro' };
const IMPORTED_LICENSE = { ...asked, limits: { accounts: 10 } };
const IMPORTED_SEAT = { license_key: asked.key, hardware_id: EXAMPLE_HARDWARE, version: '1.0.0' };

const LICENSES_SENT = lines('key,product,policy,limits', 'ACME-1042,panel,pro,"{""accounts"":10}"');
const SEATS_SENT = lines('license_key,hardware_id,version', `ACME-1042,${EXAMPLE_HARDWARE},1.0.0`);

/** What an export answers, by content type. */
export const EXPORTED = {
  licenses: {
    'text/csv': lines(
      LICENSE_COLUMNS.join(','),
      `${LICENSE.id},${LICENSE.key_hint},panel,pro,,active,,3,${LICENSE.expires_at},,,"{""accounts"":10}","[""backup""]",{},${TIME}`,
    ),
    'application/x-ndjson': lines(JSON.stringify(LICENSE)),
  },
  seats: {
    'text/csv': lines(SEAT_COLUMNS.join(','), Object.values(SEAT).join(',')),
    'application/x-ndjson': lines(JSON.stringify(SEAT)),
  },
} as const;

/** What an import takes, by content type; bare bytes are told by `format`. */
export const IMPORTED = {
  licenses: {
    'text/csv': LICENSES_SENT,
    'application/x-ndjson': lines(JSON.stringify(IMPORTED_LICENSE)),
    'application/octet-stream': LICENSES_SENT,
  },
  seats: {
    'text/csv': SEATS_SENT,
    'application/x-ndjson': lines(JSON.stringify(IMPORTED_SEAT)),
    'application/octet-stream': SEATS_SENT,
  },
} as const;
