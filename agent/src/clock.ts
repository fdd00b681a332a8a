import { setTimeout as delay } from 'node:timers/promises';

/** Where `now` comes from and how time is waited for, so that a journey of two weeks can be played in a second. */
export interface Clock {
  now(): Date;
  /** Ends early, without an error, when the signal is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  },
};
