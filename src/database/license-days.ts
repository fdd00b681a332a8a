import type { Day, DaySpan } from '../domain/days.js';
import type { ListRun, ListStatement, Run, Statement } from './statements.js';

/** Licenses and seats in use. An active license is neither suspended, revoked nor past its end. */
export interface LicenseFigures {
  readonly licenses: number;
  readonly activeLicenses: number;
  readonly seats: number;
}

export interface ProductFigures extends LicenseFigures {
  /** Its code. */
  readonly product: string;
}

const licenses = (now: string) => `
  select product_id, count(*)::int as licenses,
    (count(*) filter (where status = 'active' and (expires_at is null or expires_at > ${now})))::int as active
  from licenses group by product_id`;

/** Each table is read once and added up before it is joined. The parameter is the instant. */
const figures = (now: string) => `
  select p.code as product, coalesce(l.licenses, 0)::int as licenses, coalesce(l.active, 0)::int as active,
    coalesce(s.seats, 0)::int as seats
  from products p
  left join (${licenses(now)}) l on l.product_id = p.id
  left join (
    select l.product_id, sum(held.seats) as seats
    from (select license_id, count(*) as seats from activations where released_at is null group by license_id) held
    join licenses l on l.id = held.license_id group by l.product_id
  ) s on s.product_id = p.id`;

const FIGURES: ListStatement = {
  isForLists: true,
  name: 'license-figures',
  text: `select product, licenses, active as "activeLicenses", seats
    from (${figures('$1::timestamptz')}) f
    where $2::text is null or product = $2 order by product`,
};

/** As of `now`, product by product. */
export async function loadFigures(run: ListRun, now: Date, product?: string): Promise<ProductFigures[]> {
  return (await run<ProductFigures>(FIGURES, [now, product ?? null])).rows;
}

const KEPT_FIGURES: ListStatement = {
  isForLists: true,
  name: 'kept-license-figures',
  text: `select p.code as product, coalesce(d.licenses, 0) as licenses, coalesce(d.active_licenses, 0) as "activeLicenses",
      coalesce(d.seats, 0) as seats
    from products p left join license_days d on d.product = p.code and d.day = $1
    where $2::text is null or p.code = $2 order by p.code`,
};

/** The same as they were last counted on that day. */
export async function loadKeptFigures(run: ListRun, day: Day, product?: string): Promise<ProductFigures[]> {
  return (await run<ProductFigures>(KEPT_FIGURES, [day, product ?? null])).rows;
}

const SAVE_DAY: Statement = {
  name: 'save-license-day',
  // The seats have been counted by their versions: they are the larger table, and not read twice.
  text: `insert into license_days (day, product, licenses, active_licenses, seats)
    select $1::date, p.code, coalesce(l.licenses, 0), coalesce(l.active, 0), coalesce(s.seats, 0)
    from products p
    left join (${licenses('$2::timestamptz')}) l on l.product_id = p.id
    left join (select product, sum(seats)::int as seats from field_counts group by product) s on s.product = p.code
    on conflict on constraint license_days_pkey do update set
      licenses = excluded.licenses, active_licenses = excluded.active_licenses, seats = excluded.seats`,
};

/** Writes down the day as it is at `now`, in place of what was written down of it before. The field is counted first. */
export async function saveLicenseDay(run: Run, day: Day, now: Date): Promise<void> {
  await run(SAVE_DAY, [day, now]);
}

const DAYS: ListStatement = {
  isForLists: true,
  name: 'license-days',
  text: `select day::text, sum(licenses)::int as licenses, sum(active_licenses)::int as "activeLicenses",
      sum(seats)::int as seats
    from license_days where day between $1 and $2 and ($3::text is null or product = $3)
    group by day`,
};

/** The days that were written down, in no order. */
export async function loadLicenseDays(
  run: ListRun,
  { from, to }: DaySpan,
  product?: string,
): Promise<(LicenseFigures & { readonly day: Day })[]> {
  return (await run<LicenseFigures & { day: Day }>(DAYS, [from, to, product ?? null])).rows;
}
