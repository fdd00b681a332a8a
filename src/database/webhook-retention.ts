import type { Run, Statement } from './statements.js';

const DELETE_EVENTS: Statement = {
  name: 'delete-old-events',
  // A disabled subscription is not waited for: it may stay so for ever. By their time, and an array of them: the planner
  // would read the whole table otherwise.
  text: `delete from events where id = any(array(
      select e.id from events e
      where e.occurred_at < $1 and e.dispatched_at is not null
        and not exists (
          select from webhook_deliveries d join webhooks w on w.id = d.webhook_id and w.enabled
          where d.event_id = e.id and d.status = 'pending'
        )
      order by e.occurred_at limit $2
    ))`,
};

/** Deletes events from before `cutoff` that nobody waits for, with their deliveries; answers how many. */
export async function deleteOldEvents(run: Run, cutoff: Date, limit: number): Promise<number> {
  return (await run(DELETE_EVENTS, [cutoff, limit])).rowCount;
}

const DELETE_NOTICES: Statement = {
  name: 'delete-old-refusal-notices',
  // Nobody changes a row, so that it stays in its place.
  text: `delete from refusal_notices where ctid = any(array(
      select ctid from refusal_notices where hour < $1 order by hour limit $2
    ))`,
};

/** Drops what no refusal can repeat any more; answers how many. */
export async function deleteRefusalNotices(run: Run, before: Date, limit: number): Promise<number> {
  return (await run(DELETE_NOTICES, [before, limit])).rowCount;
}

const DROP_SECRETS: Statement = {
  name: 'drop-previous-webhook-secrets',
  text: `update webhooks set sealed_previous_secret = null, previous_secret_until = null where previous_secret_until <= $1`,
};

/** Drops the secrets that a rotation replaced, once nothing is signed with them any more. */
export async function dropPreviousSecrets(run: Run, now: Date): Promise<void> {
  await run(DROP_SECRETS, [now]);
}
