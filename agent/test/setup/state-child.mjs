/**
 * An agent reduced to its state folder, as a process of its own: node state-child.mjs <action> <folder> [<number>].
 * Writes one JSON value per line. It runs the built agent, as an installed one does.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, writeFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { StateFolder } from '../../dist/state/state-folder.js';
import { withLock } from '../../dist/state/lock.js';

const [, , action, dir, number] = process.argv;
const folder = new StateFolder(dir);
const file = join(dir, 'state.json');
const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
/** As `anyState` has them. */
const withCounters = ({ license, ...state }, counters) => {
  const details = Object.fromEntries(
    Object.entries(counters).map(([name, count]) => [name, [String(count)]]),
  );
  return { ...state, license: { ...license, refusal: { ...license.refusal, details } } };
};
const counterOf = (state, name) => Number(state.license.refusal.details[name][0]);

/** A change that saves the given counters: whether the work was run at all, and what became of it. */
async function attempt(counters) {
  let hasWorked = false;
  try {
    await folder.change(async (state, save) => {
      hasWorked = true;
      await save(withCounters(state, counters));
    });
    return { hasWorked, code: null };
  } catch (error) {
    return { hasWorked, code: error.code, message: error.message };
  }
}

/** An attempt that should fail, and whether the file is as it was. */
async function failing(counters) {
  const before = readFileSync(file, 'utf8');
  const result = await attempt(counters);
  return { ...result, isIntact: readFileSync(file, 'utf8') === before && (await folder.read()) !== null };
}

const manyCounters = (count) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`counter-${index}`, index]));

/** Fills the disk that the folder is on, to the last byte. */
function fill(path) {
  for (const size of [4096, 1]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    }
  }
}

const remount = (mode) => execFileSync('mount', ['-o', `remount,${mode}`, dirname(dir)]);

const addOne = (state, save) => save(withCounters(state, { n: counterOf(state, 'n') + 1 }));

const ACTIONS = {
  async count() {
    // The kernel gives the lock to any of those who wait: on a busy machine it can be the others for long.
    for (let done = 0; done < Number(number); done += 1) await folder.change(addOne, { waitMs: 120_000 });
    tell('done');
  },

  /** Saves states of changing length for ever, and says so once; `first` and `last` are equal in each of them. */
  async spin() {
    const seed = JSON.parse(number);
    tell('ready');
    for (let isFirst = true; ; isFirst = false) {
      await folder.change((state, save) => {
        const n = (state === null ? 0 : counterOf(state, 'last')) + 1;
        return save(withCounters(state ?? seed, { first: n, ...manyCounters((n * 37) % 400), last: n }));
      });
      if (isFirst) tell('saved');
    }
  },

  /** Holds the folder until it is told to save. */
  async hold() {
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => undefined);
    await folder.change(async (state, save) => {
      tell('held');
      await once(process.stdin, 'data');
      await save(withCounters(state, { held: 1 }));
      tell('saved');
    });
    process.stdin.destroy();
  },

  /** Holds a lock and has nothing else to do. */
  async idle() {
    void withLock(file, () => {
      tell('held');
      return new Promise(() => undefined);
    });
  },

  async attempt() {
    tell(await attempt({ n: 1 }));
  },

  /** As an ordinary user, whom modes stop; the folder is handed over. */
  async 'read-only'() {
    if (process.geteuid() === 0) {
      for (const path of [dirname(dir), dir]) chownSync(path, 65534, 65534);
      process.setegid(65534);
      process.seteuid(65534);
    }
    await folder.change((_, save) => save(JSON.parse(number)));
    chmodSync(dir, 0o500);
    tell(await failing({ n: 1 }));
    chmodSync(dir, 0o700);
    tell(await attempt({ n: 2 }));
  },

  /** On a disk of its own, see setup/disks.ts. */
  async 'read-only-disk'() {
    await folder.change((_, save) => save(JSON.parse(number)));
    remount('ro');
    tell(await failing({ n: 1 }));
    remount('rw');
    tell(await attempt({ n: 2 }));
  },

  /** On a disk of its own. */
  async 'full-disk'() {
    const filler = join(dirname(dir), 'filler');
    await folder.change((_, save) => save(JSON.parse(number)));
    fill(filler);
    tell(await failing({ n: 1 }));
    rmSync(filler);
    tell(await attempt({ n: 2 }));
  },

  /** Under a limit that lets small states through. */
  async 'too-large'() {
    tell(await failing(manyCounters(Number(number))));
    await folder.change(async (state, save) => {
      await save(withCounters(state, manyCounters(Number(number)))).catch((error) => tell(error.code));
      await save(withCounters(state, { n: 2 }));
    });
  },
};

await ACTIONS[action]();
