import type { Stage } from './stage.ts';

interface Verification {
  readonly valid: boolean;
  readonly checked: number;
  readonly unsealed: number;
  readonly problems: readonly unknown[];
}

/** Everything that was done is in the log, and nobody has touched it since. */
export async function verifyAudit({ report, client }: Stage, licenseId: string): Promise<void> {
  report.step('The audit log knows it all, and shows that it is whole');
  const path = `/audit?subject_id=${licenseId}&sort=created_at`;
  const events = await client.admin<{ action: string }[]>('GET', path, 200);
  const actions = events.map(({ action }) => action);
  report.check(
    'the license was created and revoked',
    [actions.at(0), actions.at(-1)],
    ['license.created', 'license.revoked'],
  );
  const verified = await client.admin<Verification>('GET', '/audit/verify', 200);
  report.check('no event was changed, removed or put in', [verified.valid, verified.problems], [true, []]);
  report.check('the chain holds them', verified.checked > 0);
}
