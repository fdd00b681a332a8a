import type { Policy } from '../../database/entities/index.js';
import { fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { LeaseLengthsBody } from './policies.dto.js';

export type LeaseLengths = Pick<Policy, 'refreshAfterSeconds' | 'validForSeconds' | 'graceForSeconds'>;

/** A day, three days and two weeks. */
export const DEFAULT_LENGTHS: LeaseLengths = {
  refreshAfterSeconds: 86_400,
  validForSeconds: 259_200,
  graceForSeconds: 1_209_600,
};

/**
 * The lengths that a request leads to, where absent ones stay as they are.
 * @throws FieldErrors naming the later of two that are out of order
 */
export function leaseLengths(body: LeaseLengthsBody | undefined, current: LeaseLengths): LeaseLengths {
  const lengths = {
    refreshAfterSeconds: body?.refresh_after ?? current.refreshAfterSeconds,
    validForSeconds: body?.valid_for ?? current.validForSeconds,
    graceForSeconds: body?.grace_for ?? current.graceForSeconds,
  };
  const inOrder = [
    ['lease.valid_for', lengths.refreshAfterSeconds, lengths.validForSeconds],
    ['lease.grace_for', lengths.validForSeconds, lengths.graceForSeconds],
  ] as const;
  const tooShort = inOrder.filter(([, least, length]) => length < least);
  if (tooShort.length > 0) {
    throw fieldErrors(
      Object.fromEntries(tooShort.map(([field, min]) => [field, [sentence('min', field, { min })]])),
    );
  }
  return lengths;
}
