import type { Run, Statement } from './statements.js';

export interface ExportedLicense {
  readonly id: string;
  readonly key_hint: string;
  readonly product: string;
  readonly policy: string;
  readonly customer_id: string | null;
  readonly status: string;
  readonly status_reason: string | null;
  readonly max_activations: number;
  readonly expires_at: Date | null;
  readonly updates_until: Date | null;
  readonly minimum_version: string | null;
  readonly limits: Readonly<Record<string, number>>;
  readonly features: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly created_at: Date;
}

export interface ExportedSeat {
  readonly license_id: string;
  readonly hardware_id: string;
  readonly hostname: string | null;
  readonly platform: string | null;
  readonly arch: string | null;
  readonly version: string;
  readonly activated_at: Date;
  readonly last_seen_at: Date;
  readonly offline_until: Date | null;
}

const LICENSES: Statement = {
  name: 'export-licenses',
  // By id: they come as they went in, and no million rows are sorted.
  text: `declare exported no scroll cursor for
    select l.id, k.hint as key_hint, p.code as product, t.code as policy, l.customer_id, l.status, l.status_reason,
      l.max_activations, l.expires_at, l.updates_until, l.minimum_version, l.limits, l.features, l.metadata, l.created_at
    from licenses l
    join products p on p.id = l.product_id
    join policies t on t.id = l.policy_id
    join license_keys k on k.license_id = l.id and k.expires_at is null
    where ($1::text is null or p.code = $1) and ($2::text is null or t.code = $2)
      and ($3::text is null or l.status = $3) and ($4::uuid is null or l.customer_id = $4)
    order by l.id`,
};

const SEATS: Statement = {
  name: 'export-seats',
  text: `declare exported no scroll cursor for
    select a.license_id, a.hardware_id, a.hostname, a.platform, a.arch, a.version, a.activated_at, a.last_seen_at,
      a.offline_until
    from activations a
    join licenses l on l.id = a.license_id
    join products p on p.id = l.product_id
    where a.released_at is null and ($1::text is null or p.code = $1) and ($2::uuid is null or a.license_id = $2)
    order by a.id`,
};

const ROWS_AT_ONCE = 250;

const FETCH: Statement = { name: 'fetch-exported', text: `fetch forward ${ROWS_AT_ONCE} from exported` };

/** Absent: all. */
export interface LicenseChoice {
  readonly product?: string | undefined;
  readonly policy?: string | undefined;
  readonly status?: string | undefined;
  readonly customerId?: string | undefined;
}

export interface SeatChoice {
  readonly product?: string | undefined;
  readonly licenseId?: string | undefined;
}

/** Some rows at a time until there are no more. */
export type NextRows<Row> = () => Promise<Row[]>;

async function opened<Row extends object>(
  run: Run,
  statement: Statement,
  values: unknown[],
): Promise<NextRows<Row>> {
  await run(statement, values);
  return async () => (await run<Row>(FETCH, [])).rows;
}

/** The licenses as the transaction of `run` sees them; it must last until the last row is read. */
export const exportLicenses = (
  run: Run,
  { product, policy, status, customerId }: LicenseChoice,
): Promise<NextRows<ExportedLicense>> => opened(run, LICENSES, [product, policy, status, customerId]);

/** The active seats, in the same way. */
export const exportSeats = (run: Run, { product, licenseId }: SeatChoice): Promise<NextRows<ExportedSeat>> =>
  opened(run, SEATS, [product, licenseId]);
