import type { CloneSuspect, VersionInField } from '../../database/seats-in-the-field.js';
import type { LicenseFigures, ProductFigures } from '../../database/license-days.js';
import type { LicenseView } from '../../database/license-views.js';
import type { RefusalCounts } from '../../domain/stats.js';
import { VERDICTS, type LicenseCode } from '../../domain/verdicts.js';
import { EXAMPLE_LICENSE_HINT } from '../../http/examples.js';
import {
  hardwareIdShape,
  id,
  instant,
  integer,
  list,
  nullable,
  object,
  resource,
  text,
  version,
  type Shape,
  type Wire,
} from '../../http/shapes.js';

const day = text({ example: '2026-03-01', description: 'In UTC.' });
const product = text({ example: 'panel' });

const FIGURES = {
  licenses: integer({ example: 120 }),
  active_licenses: integer({ example: 112, description: 'Neither suspended, revoked nor past their end.' }),
  seats: integer({ example: 97, description: 'In use.' }),
};

/** How old what is told may be. */
const COUNTED_AT = {
  description:
    'When licenses and seats were counted: when they were asked for, or, where there are 50,000 and more of them, by the last count, which is made every few minutes.',
};

const NOT_LOOKED = { description: 'Null where nobody looked.' };

const ANSWERED = {
  total: integer({ example: 90 }),
  valid: integer({ example: 88 }),
  refused: integer({ example: 2 }),
};

/** How often each refusal was given. */
const CODES: Shape<RefusalCounts> = object(
  Object.fromEntries(
    Object.keys(VERDICTS).map((code) => [code, integer({ example: code === 'EXPIRED' ? 2 : 0 })]),
  ) as Record<LicenseCode, Shape<number>>,
);

export const OVERVIEW = resource('StatsOverview', {
  at: instant(),
  counted_at: instant(COUNTED_AT),
  ...FIGURES,
  products: list(object({ product, ...FIGURES })),
  validations: object({
    today: object(ANSWERED),
    last_7_days: object(ANSWERED, { description: 'Today included.' }),
  }),
  refusals_today: CODES,
  expiring_in_30_days: integer({ example: 3 }),
  clone_suspects: integer({ example: 1 }),
});

export const VALIDATIONS = resource('StatsValidations', {
  from: day,
  to: day,
  ...ANSWERED,
  days: list(object({ day, ...ANSWERED }), { description: 'Every day of the span, in order.' }),
});

export const SEATS = resource('StatsSeats', {
  from: day,
  to: day,
  counted_at: nullable(
    instant({ description: `${COUNTED_AT.description} Null where the span lacks today.` }),
  ),
  days: list(
    object({
      day,
      licenses: nullable(integer({ example: 120, ...NOT_LOOKED })),
      active_licenses: nullable(integer({ example: 112, ...NOT_LOOKED })),
      seats: nullable(integer({ example: 97, ...NOT_LOOKED })),
    }),
    {
      description:
        'Every day of the span, in order: today as it was at `counted_at`, earlier days as they were in their last minutes. Nobody looked while no node was running, and at days to come.',
    },
  ),
});

export const REFUSALS = resource('StatsRefusals', {
  from: day,
  to: day,
  total: integer({ example: 2 }),
  codes: CODES,
  days: list(object({ day, total: integer({ example: 2 }), codes: CODES }), {
    description: 'Every day of the span, in order.',
  }),
});

export const VERSION_IN_FIELD = resource('VersionInField', {
  product,
  version: version(),
  seats: integer({ example: 40 }),
  last_seen_at: instant(),
  counted_at: instant(COUNTED_AT),
});

export const EXPIRING_LICENSE = resource('ExpiringLicense', {
  id: id('License'),
  key: text({ example: EXAMPLE_LICENSE_HINT }),
  product,
  policy: text({ example: 'pro' }),
  customer_id: nullable(id('Customer')),
  expires_at: nullable(instant()),
  max_activations: integer({ min: 1, example: 3 }),
  activations: integer({ example: 2 }),
});

export const CLONE_SUSPECT = resource('CloneSuspect', {
  activation_id: id('Activation'),
  license_id: id('License'),
  license_key: text({ example: EXAMPLE_LICENSE_HINT }),
  product,
  hardware_id: hardwareIdShape(),
  hostname: nullable(text({ example: 'panel-1' })),
  version: version(),
  last_seen_ip: nullable(text({ example: '192.0.2.7' })),
  last_seen_at: instant(),
  clone_suspected_at: nullable(instant()),
});

export const figuresBody = ({ licenses, activeLicenses, seats }: LicenseFigures) => ({
  licenses,
  active_licenses: activeLicenses,
  seats,
});

export const productFiguresBody = (figures: ProductFigures) => ({
  product: figures.product,
  ...figuresBody(figures),
});

export const versionBody = (row: VersionInField, countedAt: Date): Wire<typeof VERSION_IN_FIELD> => ({
  product: row.product,
  version: row.version,
  seats: row.seats,
  last_seen_at: row.lastSeenAt,
  counted_at: countedAt,
});

export const expiringBody = (license: LicenseView): Wire<typeof EXPIRING_LICENSE> => ({
  id: license.id,
  key: license.keyHint,
  product: license.product,
  policy: license.policy,
  customer_id: license.customerId,
  expires_at: license.expiresAt,
  max_activations: license.maxActivations,
  activations: license.activeSeats,
});

export const cloneBody = ({ seat, ...license }: CloneSuspect): Wire<typeof CLONE_SUSPECT> => ({
  activation_id: seat.id,
  license_id: license.licenseId,
  license_key: license.keyHint,
  product: license.product,
  hardware_id: seat.hardwareId,
  hostname: seat.hostname,
  version: seat.version,
  last_seen_ip: seat.lastSeenIp,
  last_seen_at: seat.lastSeenAt,
  clone_suspected_at: seat.cloneSuspectedAt,
});
