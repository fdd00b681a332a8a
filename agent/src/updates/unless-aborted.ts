import { AgentFault } from '../errors.js';

const cancelled = () =>
  new AgentFault('DOWNLOAD_BROKEN', 'The update was cancelled. What was downloaded is kept.');

/** Waits for a call that cannot be broken off, but no longer than until the signal. AgentFault DOWNLOAD_BROKEN then. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
  if (signal === undefined) return call();
  if (signal.aborted) throw cancelled();
  const listening = new AbortController();
  try {
    return await Promise.race([
      call(),
      new Promise<never>((_done, fail) => {
        signal.addEventListener('abort', () => fail(cancelled()), { once: true, signal: listening.signal });
      }),
    ]);
  } finally {
    listening.abort();
  }
}
