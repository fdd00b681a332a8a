import { Redis } from 'ioredis';

/** How long one count may take. Redis answers within a millisecond; a panel must not wait for one that hangs. */
export const ANSWER_WITHIN_MS = 250;

/** How long one try to connect may take. */
const CONNECT_WITHIN_MS = 2_000;

const RETRY_STEP_MS = 100;
const RETRY_AT_LEAST_EVERY_MS = 2_000;

/**
 * A connection to Redis that gives up at once instead of holding a request: nothing waits in a queue for it to come
 * back, and nothing is sent a second time, which would count one request twice. It reconnects by itself for ever.
 */
export function redisClient(url: string, answerWithinMs = ANSWER_WITHIN_MS): Redis {
  return new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_WITHIN_MS,
    // For each command; a connection that is silent after one is cut as well, so that only the first requests wait.
    commandTimeout: answerWithinMs,
    socketTimeout: answerWithinMs,
    // A stop must not wait for a Redis that doesn't hang up.
    disconnectTimeout: ANSWER_WITHIN_MS,
    retryStrategy: (tries) => Math.min(tries * RETRY_STEP_MS, RETRY_AT_LEAST_EVERY_MS),
    disableClientInfo: true,
  });
}

/**
 * Why Redis failed, fit for a log: an error code or the first word of a Redis refusal. Its whole text may repeat the
 * arguments of a command, and those of AUTH are a password.
 */
export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown';
  const { code, message, name } = error as { code?: unknown; message?: unknown; name?: unknown };
  return String(code ?? /^[A-Z]{3,}(?= )/.exec(String(message))?.[0] ?? name);
}
