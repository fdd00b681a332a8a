import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tryWithLock, withLock } from '../../src/state/lock.js';
import { StateFolder } from '../../src/state/state-folder.js';
import { endChildren, startStateChild } from '../setup/child.js';
import { anyState, newFolder, removeFolders } from '../setup/states.js';

afterEach(endChildren);
afterAll(removeFolders);

function lockFileIn(dir = newFolder()): string {
  mkdirSync(dir, { recursive: true });
  return join(dir, 'test.lock');
}

/** A promise to be kept by hand. */
function gate() {
  let open!: () => void;
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, passed };
}

/** Holds the lock until told otherwise. */
async function hold(file: string) {
  const began = gate();
  const end = gate();
  const done = withLock(file, async () => {
    began.open();
    await end.passed;
  });
  await began.passed;
  return {
    async release() {
      end.open();
      await done;
    },
  };
}

async function keptFolder(): Promise<string> {
  const dir = newFolder();
  await new StateFolder(dir).change((_, save) => save(anyState()));
  return dir;
}

const result = async () => 'done';

describe('A lock', () => {
  it('is held by one call at a time, in the order in which they came', async () => {
    const file = lockFileIn();
    const holder = await hold(file);
    const order: number[] = [];
    let inside = 0;
    const calls = [1, 2, 3, 4, 5].map((n) =>
      withLock(file, async () => {
        inside += 1;
        expect(inside).toBe(1);
        await new Promise(setImmediate);
        order.push(n);
        inside -= 1;
      }),
    );
    expect(order).toEqual([]);
    await holder.release();
    await Promise.all(calls);
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });

  it('gives back what the work gives, and is free after work that fails', async () => {
    const file = lockFileIn();
    await expect(withLock(file, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    expect(await withLock(file, result)).toBe('done');
    expect(await tryWithLock(file, result)).toBe('done');
  });

  it("is waited for no longer than was asked, and who gave up stands in nobody's way", async () => {
    const file = lockFileIn();
    const holder = await hold(file);
    const late = withLock(file, result, { waitMs: 50 });
    const patient = withLock(file, result, { waitMs: 60_000 });
    await expect(late).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining('Another call of this agent'),
    });
    expect(await tryWithLock(file, result)).toBeNull();
    await expect(withLock(file, result, { waitMs: 0 })).rejects.toMatchObject({ code: 'BUSY' });
    await holder.release();
    expect(await patient).toBe('done');
  });

  it('is said to be in the hands of this process from the moment it is asked for', async () => {
    const file = lockFileIn();
    writeFileSync(file, '4194305\n');
    const first = withLock(file, result);
    // The file still names the one before, who is gone.
    await expect(withLock(file, result, { waitMs: 0 })).rejects.toMatchObject({
      code: 'BUSY',
      message: expect.stringContaining('Another call of this agent'),
    });
    expect(await first).toBe('done');
  });

  it('is of its file: others are free', async () => {
    const dir = newFolder();
    const holder = await hold(lockFileIn(dir));
    expect(await tryWithLock(join(dir, 'other.lock'), result)).toBe('done');
    await holder.release();
  });

  it('is not made through a symbolic link', async () => {
    const file = lockFileIn();
    writeFileSync(`${file}.target`, 'not ours');
    symlinkSync(`${file}.target`, file);
    await expect(withLock(file, result)).rejects.toMatchObject({
      code: 'STATE_UNWRITABLE',
      message: expect.stringContaining('symbolic link'),
    });
    expect(readFileSync(`${file}.target`, 'utf8')).toBe('not ours');
  });
});

describe('A lock in the hands of another process', () => {
  it('is waited for, then named with its holder', async () => {
    const dir = await keptFolder();
    const folder = new StateFolder(dir);
    const child = startStateChild(['hold', dir]);
    expect(await child.next()).toBe('held');
    expect(await folder.tryChange(result)).toBeNull();
    await expect(folder.change(result, { waitMs: 200 })).rejects.toMatchObject({
      code: 'BUSY',
      message: `Another agent (process ${child.process.pid}) is working on ${dir}. Try again when it is done, or stop it.`,
    });
    // It waits for the lock and gets it, and what the other saved with it.
    const waiting = folder.change(async (state) => state, { waitMs: 60_000 });
    child.process.stdin!.write('save\n');
    expect(await child.next()).toBe('saved');
    expect(await waiting).toEqual(anyState({ held: 1 }));
    expect(await child.ended).toBe(0);
  });

  it('is free at once when that process is killed', async () => {
    const dir = await keptFolder();
    const child = startStateChild(['hold', dir]);
    expect(await child.next()).toBe('held');
    child.process.kill('SIGKILL');
    expect(await new StateFolder(dir).change(async (state) => state, { waitMs: 30_000 })).toEqual(anyState());
    expect(await child.ended).toBe('SIGKILL');
  });

  it('is kept through Control-C and an orderly stop of all its processes', async () => {
    const dir = await keptFolder();
    const child = startStateChild(['hold', dir], { detached: true });
    expect(await child.next()).toBe('held');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      // The terminal signals the group, a service manager every process of the service.
      if (signal !== 'SIGHUP') process.kill(-child.process.pid!, signal);
      for (const pid of descendants(child.process.pid!)) process.kill(pid, signal);
    }
    expect(await new StateFolder(dir).tryChange(result)).toBeNull();
    child.process.stdin!.write('save\n');
    expect(await child.next()).toBe('saved');
    expect(await child.ended).toBe(0);
    expect(await new StateFolder(dir).change(async (state) => state)).toEqual(anyState({ held: 1 }));
  });

  it('does not keep a process alive that has nothing else to do', async () => {
    const dir = await keptFolder();
    const child = startStateChild(['idle', dir]);
    expect(await child.next()).toBe('held');
    expect(await child.ended).toBe(0);
    expect(await withLock(join(dir, 'state.json'), result, { waitMs: 30_000 })).toBe('done');
  });
});

/** The processes below one, its children's children too. */
function descendants(pid: number): number[] {
  const pairs = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = [pid];
  for (const parent of below)
    below.push(...pairs.filter((pair) => pair[1] === parent).map((pair) => pair[0]!));
  return below.slice(1);
}

describe('A machine without a lock', () => {
  it('is told what to install', async () => {
    const dir = await keptFolder();
    const child = startStateChild(['attempt', dir], { env: { PATH: join(dir, 'empty') } });
    expect(await child.next()).toEqual({
      hasWorked: false,
      code: 'STATE_UNWRITABLE',
      message: expect.stringMatching(
        process.platform === 'linux' ? /flock.*not found.*install util-linux/s : /lockf.*not found/s,
      ),
    });
    expect(await child.ended).toBe(0);
    expect(await new StateFolder(dir).read()).toEqual(anyState());
  });
});
