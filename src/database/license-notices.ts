import type { Run, Statement } from './statements.js';

/** A notice that is to be given now, and by nobody else. */
export interface DueNotice {
  readonly licenseId: string;
  /** Days before the end at which it was due; 0 for the end itself. */
  readonly days: number;
}

const CLAIM: Statement = {
  name: 'claim-license-notices',
  // Licenses that somebody holds are left for the next time. Whoever else has given a notice since this statement began is
  // seen by the conflict alone, and only the row that it writes is answered.
  text: `with due as (
      select l.id, l.expires_at, step.days
      from licenses l
      join lateral (
        select min(days) as days from unnest($1::integer[]) as days
        where l.expires_at - make_interval(hours => 24 * days) <= $2
      ) as step on true
      left join license_notices n on n.license_id = l.id and n.expires_at = l.expires_at
      where l.status = 'active' and l.expires_at > $3 and l.expires_at <= $4
        and l.expires_at - make_interval(hours => 24 * step.days) > greatest($3, l.created_at)
        and (n.days is null or n.days > step.days)
      order by l.expires_at, l.id
      limit $5
      for no key update of l skip locked
    )
    insert into license_notices as n (license_id, expires_at, days, told_at)
    select id, expires_at, days, $2 from due
    on conflict (license_id) do update
      set expires_at = excluded.expires_at, days = excluded.days, told_at = excluded.told_at
      where n.expires_at <> excluded.expires_at or n.days > excluded.days
    returning license_id as "licenseId", days`,
};

/**
 * Takes on some of the notices that are due at `now` and became so after `since`: what is long over is told to nobody.
 * Of several that one license has missed only the last is due.
 */
export async function claimNotices(
  run: Run,
  {
    steps,
    now,
    since,
    limit,
  }: { readonly steps: readonly number[]; readonly now: Date; readonly since: Date; readonly limit: number },
): Promise<DueNotice[]> {
  const last = new Date(now.getTime() + Math.max(...steps) * 86_400_000);
  return (await run<DueNotice>(CLAIM, [steps, now, since, last, limit])).rows;
}
