import type { Run, Statement } from './statements.js';

/** A notice that is to be given now, and by nobody else. */
export interface DueNotice {
  readonly licenseId: string;
  /** Days before the end at which it was due; 0 for the end itself. */
  readonly days: number;
}

/** Where a batch ended, as the database writes it: a Date would round the moment. */
export interface NoticeCursor {
  readonly expiresAt: string;
  readonly id: string;
}

export interface NoticeBatch {
  readonly due: DueNotice[];
  /** Where to go on; null when there are no more. */
  readonly next: NoticeCursor | null;
}

export interface NoticeClaim {
  readonly steps: readonly number[];
  readonly now: Date;
  readonly since: Date;
  readonly limit: number;
  readonly after: NoticeCursor | null;
}

const CLAIM: Statement = {
  name: 'claim-license-notices',
  // Licenses that somebody holds are left for the next time. Whoever else has given a notice since this statement began is
  // seen by the conflict alone, and only a row that it writes is claimed. A batch begins where the last one ended: from the
  // beginning it would pass by all that was told already. What an import has brought is as old as the import.
  text: `with due as (
      select l.id, l.expires_at, step.days
      from licenses l
      join lateral (
        select min(days) as days from unnest($1::integer[]) as days
        where l.expires_at - make_interval(hours => 24 * days) <= $2
      ) as step on true
      left join license_notices n on n.license_id = l.id and n.expires_at = l.expires_at
      where l.status = 'active' and l.expires_at > $3 and l.expires_at <= $4
        and l.expires_at - make_interval(hours => 24 * step.days) > greatest($3, l.created_at, l.imported_at)
        and (n.days is null or n.days > step.days)
        and ($6::timestamptz is null or (l.expires_at, l.id) > ($6, $7::uuid))
      order by l.expires_at, l.id
      limit $5
      for no key update of l skip locked
    ), claimed as (
      insert into license_notices as n (license_id, expires_at, days, told_at)
      select id, expires_at, days, $2 from due
      on conflict (license_id) do update
        set expires_at = excluded.expires_at, days = excluded.days, told_at = excluded.told_at
        where n.expires_at <> excluded.expires_at or n.days > excluded.days
      returning license_id
    )
    select due.id as "licenseId", due.days, due.expires_at::text as "expiresAt", claimed.license_id is not null as mine
    from due left join claimed on claimed.license_id = due.id
    order by due.expires_at, due.id`,
};

/**
 * Takes on some of the notices that are due at `now` and became so after `since`: what is long over is told to nobody.
 * Of several that one license has missed only the last is due. `after` is where the batch before it ended.
 */
export async function claimNotices(
  run: Run,
  { steps, now, since, limit, after }: NoticeClaim,
): Promise<NoticeBatch> {
  const last = new Date(now.getTime() + Math.max(...steps) * 86_400_000);
  const values = [steps, now, since, last, limit, after?.expiresAt ?? null, after?.id ?? null];
  const { rows } = await run<DueNotice & { expiresAt: string; mine: boolean }>(CLAIM, values);
  const end = rows.length < limit ? undefined : rows.at(-1);
  return {
    due: rows.filter(({ mine }) => mine).map(({ licenseId, days }) => ({ licenseId, days })),
    next: end === undefined ? null : { expiresAt: end.expiresAt, id: end.licenseId },
  };
}
