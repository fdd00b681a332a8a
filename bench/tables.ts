import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { AFTER_ALL_SEATS, seatsInSql, type Window } from './data-set.ts';
import type { Beginning } from './scenarios.ts';

const POLL_MS = 100;

/** Of the rows that a run will meet only, and of those only what is not so already. */
const leasesOf = (licenses: number, window: Window, old: string, unless: string) =>
  `update activations set lease_issued_at = now() - interval '${old}'
    where id in (${seatsInSql(licenses, window)}) and ${unless}`;

const LEASES = {
  'fresh leases': ['0', `lease_issued_at > now() - interval '30 minutes'`],
  'old leases': ['1 day', `lease_issued_at < now() - interval '2 hours'`],
} as const;

const CHANGED = 'activations, audit_events, audit_unsealed, download_tokens, verdict_counts';

/** The service chains the audit log in the background: what it has not done yet would fall into another's run. */
async function untilSealed(pool: Pool): Promise<void> {
  for (;;) {
    const { rows } = await pool.query<{ left: boolean }>(
      'select exists (select from audit_unsealed) as left',
    );
    if (rows[0]?.left === false) return;
    await sleep(POLL_MS);
  }
}

/** Every run begins with the same rows, on pages that are clean and written down. */
export async function prepare(
  pool: Pool,
  begins: Beginning,
  { licenses, window }: { readonly licenses: number; readonly window: Window },
): Promise<void> {
  await untilSealed(pool);
  if (begins === 'no new seats') {
    await pool.query('delete from activations where id > $1', [AFTER_ALL_SEATS]);
  } else if (begins === 'no new tokens') {
    // Those of the files belong to no seat.
    await pool.query('delete from download_tokens where activation_id is not null');
  } else if (begins !== 'as it is') {
    const [old, isSo] = LEASES[begins];
    await pool.query(leasesOf(licenses, window, old, `not (${isSo})`));
  }
  await pool.query(`vacuum (analyze) ${CHANGED}`);
  await pool.query('checkpoint');
}

/** Lets the leases of a window be due, while the service is under load. */
export async function age(pool: Pool, licenses: number, window: Window): Promise<void> {
  const [how, isSo] = LEASES['old leases'];
  await pool.query(leasesOf(licenses, window, how, `not (${isSo})`));
}

/** The limits write audit events that no service has made: it would find them forged, and seal them at its own cost. */
export async function forgetUnsealed(pool: Pool): Promise<void> {
  await pool.query('delete from audit_unsealed');
}
