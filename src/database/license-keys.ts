import type { Run, Statement } from './statements.js';

const END_KEYS: Statement = {
  name: 'end-license-keys',
  // A key that a rotation before this one left valid for longer must not outlive this one's overlap.
  text: `update license_keys set expires_at = least(expires_at, $2) where license_id = $1`,
};

const DROP_KEYS: Statement = {
  name: 'drop-license-keys',
  // Ended keys are deleted rather than left to end: a node whose clock is behind would still accept them.
  text: `delete from license_keys where license_id = $1 and expires_at <= $2`,
};

/** Ends every key of a license at `endsAt`, and at once where that is `now` or earlier. The caller holds the license row. */
export async function endLicenseKeys(
  run: Run,
  licenseId: string,
  { now, endsAt }: { readonly now: Date; readonly endsAt: Date },
): Promise<void> {
  await run(END_KEYS, [licenseId, endsAt]);
  await run(DROP_KEYS, [licenseId, now]);
}
