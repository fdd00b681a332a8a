import { setTimeout as sleep } from 'node:timers/promises';

const IN_USE = '55006';

/** Does what can't be done to a database that somebody uses, as soon as nobody does: whoever still does is about to leave. */
export async function onceUnused(work, tries) {
  for (let left = tries; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (error.code !== IN_USE || left <= 1) throw error;
      await sleep(100);
    }
  }
}

/** With force others are ended, but within five seconds each time, which on a busy machine is too short for some. */
const DROP_TRIES = 6;

export const dropDatabase = (admin, name) =>
  onceUnused(() => admin.query(`drop database if exists ${name} with (force)`), DROP_TRIES);
