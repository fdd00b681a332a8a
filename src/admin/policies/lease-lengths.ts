import type { Policy } from '../../database/entities/index.js';
import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { LeaseLengthsBody } from './policies.dto.js';

export type LeaseLengths = Pick<Policy, 'refreshAfterSeconds' | 'validForSeconds' | 'graceForSeconds'>;

/** A day, three days and two weeks. */
const DEFAULTS: LeaseLengths = {
  refreshAfterSeconds: 86_400,
  validForSeconds: 259_200,
  graceForSeconds: 1_209_600,
};

/** @throws FieldErrors naming the later of two that are out of order */
function inOrder(lengths: LeaseLengths): LeaseLengths {
  const pairs = [
    ['lease.valid_for', lengths.refreshAfterSeconds, lengths.validForSeconds],
    ['lease.grace_for', lengths.validForSeconds, lengths.graceForSeconds],
  ] as const;
  const tooShort = pairs.filter(([, least, length]) => length < least);
  if (tooShort.length > 0) {
    throw fieldErrors(
      Object.fromEntries(tooShort.map(([field, min]) => [field, [sentence('min', field, { min })]])),
    );
  }
  return lengths;
}

/**
 * The lengths of a new policy. A default gives way to what was given: a lease of a minute would otherwise be refused
 * for the sake of a day that nobody asked for.
 * @throws FieldErrors when the given ones contradict each other
 */
export function newLeaseLengths(given: LeaseLengthsBody = {}): LeaseLengths {
  const { refresh_after, valid_for, grace_for } = given;
  const most = Math.min(valid_for ?? Infinity, grace_for ?? Infinity);
  const refreshAfterSeconds = refresh_after ?? Math.min(DEFAULTS.refreshAfterSeconds, most);
  const validForSeconds =
    valid_for ?? Math.max(Math.min(DEFAULTS.validForSeconds, most), refreshAfterSeconds);
  const graceForSeconds = grace_for ?? Math.max(DEFAULTS.graceForSeconds, validForSeconds);
  return inOrder({ refreshAfterSeconds, validForSeconds, graceForSeconds });
}

/**
 * The lengths of a policy after a change. Absent ones stay: they were chosen, or are in force, and leases count on them.
 * @throws FieldErrors when they would be out of order
 */
export function changedLeaseLengths(body: LeaseLengthsBody | undefined, current: LeaseLengths): LeaseLengths {
  return inOrder({
    refreshAfterSeconds: body?.refresh_after ?? current.refreshAfterSeconds,
    validForSeconds: body?.valid_for ?? current.validForSeconds,
    graceForSeconds: body?.grace_for ?? current.graceForSeconds,
  });
}
