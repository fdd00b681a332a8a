import { patternsFor } from '../domain/event-types.js';
import type { LicenseCode } from '../domain/verdicts.js';
import type { Run, Statement } from './statements.js';

const HOUR_MS = 3_600_000;

const NOTE_REFUSAL: Statement = {
  name: 'note-refusal',
  text: `insert into refusal_notices (license_id, code, hour)
    select $1, $2, $3 where exists (select from webhooks where enabled and events && $4::text[])
    on conflict do nothing`,
};

/** Whether receivers are to be told: true for the first refusal of that license and code in the hour, on whichever node. */
export async function noteRefusal(
  run: Run,
  licenseId: string,
  code: LicenseCode,
  now: Date,
): Promise<boolean> {
  const hour = new Date(Math.floor(now.getTime() / HOUR_MS) * HOUR_MS);
  const wanted = patternsFor('activation.refused');
  return (await run(NOTE_REFUSAL, [licenseId, code, hour, wanted])).rowCount === 1;
}
