import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Short of the time limit of a test. */
const LONG_MS = 150_000;

/**
 * What is read, as soon as it fits. How long that may take is for the time limit of the test to say; as that tells only that
 * it has passed, what was read last is told shortly before.
 */
export async function until<T>(read: () => T | Promise<T>, fits: (value: T) => boolean): Promise<T> {
  const { stack } = new Error('Still waiting');
  const began = performance.now();
  for (let isTold = false; ;) {
    const value = await read();
    if (fits(value)) return value;
    if (!isTold && performance.now() - began > LONG_MS) {
      isTold = true;
      process.stderr.write(`${stack}\nfor another than ${inspect(value)}\n`);
    }
    await sleep(25);
  }
}
