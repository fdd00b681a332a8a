import type { Run, Statement } from './statements.js';

export interface SeatedLicense {
  readonly id: string;
  /** Days unseen after which the next activation may have a seat. */
  readonly releaseAfterDays: number;
  /** It is full, and some of its seats are free to take. */
  readonly isDue: boolean;
}

const PAGE: Statement = {
  name: 'page-of-stale-licenses',
  // A page of licenses rather than of those that are due: looking for the next one could take any time.
  text: `with page as (
      select l.id, l.max_activations, t.release_seat_after_days as days
      from licenses l join policies t on t.id = l.policy_id and t.release_seat_after_days is not null
      where $1::uuid is null or l.id > $1
      order by l.id limit $3
    )
    select id, days as "releaseAfterDays",
      exists (
        select from activations a where a.license_id = page.id and a.released_at is null
          and a.last_seen_at <= $2::timestamptz - make_interval(hours => 24 * days)
          and (a.offline_until is null or a.offline_until <= $2)
      ) and (
        select count(*) from activations a where a.license_id = page.id and a.released_at is null
      ) >= max_activations as "isDue"
    from page order by id`,
};

/** The next licenses, in the order of their ids, whose policies free seats; it locks none of them. */
export async function pageOfLicenses(
  run: Run,
  page: { readonly after: string | null; readonly now: Date; readonly limit: number },
): Promise<SeatedLicense[]> {
  return (await run<SeatedLicense>(PAGE, [page.after, page.now, page.limit])).rows;
}
