import type { Run, Statement } from './statements.js';

const PROMISE_OFFLINE: Statement = {
  name: 'promise-offline',
  // Never shortened: a lease that was carried away before works to its own end.
  text: `update activations set offline_until = greatest(offline_until, $2) where id = $1`,
};

/** Keeps a seat from being released for its silence until `until`, or later where that was promised before. */
export async function promiseOffline(run: Run, seatId: string, until: Date): Promise<void> {
  await run(PROMISE_OFFLINE, [seatId, until]);
}
