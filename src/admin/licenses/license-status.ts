import type { License } from '../../database/entities/index.js';
import { conflict } from '../../http/errors.js';

type Status = License['status'];

interface Transition {
  readonly from: readonly Status[];
  readonly to: Status;
  /** As in `license.suspended`. */
  readonly done: string;
}

/** A revocation is final: a key that was published or paid back must not come to life by mistake. */
export const TRANSITIONS = {
  suspend: { from: ['active'], to: 'suspended', done: 'suspended' },
  reinstate: { from: ['suspended'], to: 'active', done: 'reinstated' },
  revoke: { from: ['active', 'suspended'], to: 'revoked', done: 'revoked' },
} as const satisfies Record<string, Transition>;

export type StatusVerb = keyof typeof TRANSITIONS;

/** @throws 409 when the verb does not apply to a license of that status */
export function refuseTransition(verb: StatusVerb, status: Status): void {
  const { from, to, done }: Transition = TRANSITIONS[verb];
  if (from.includes(status)) return;
  throw conflict(status === to ? `The license is already ${to}.` : `A ${status} license cannot be ${done}.`);
}
