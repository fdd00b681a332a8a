import { setTimeout as sleep } from 'node:timers/promises';

/** What is read, as soon as it fits. How long that may take is for the time limit of the test to say. */
export async function until<T>(read: () => T | Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await read();
    if (fits(value)) return value;
    await sleep(25);
  }
}
