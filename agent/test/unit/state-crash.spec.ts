import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StateFolder } from '../../src/state/state-folder.js';
import type { AgentState } from '../../src/state/state.js';
import { endChildren, startStateChild } from '../setup/child.js';
import { anyState, counterOf, newFolder, removeFolders } from '../setup/states.js';

afterEach(endChildren);
afterAll(removeFolders);

/** A state that setup/state-child.mjs saved whole begins and ends with the same count. */
function expectWhole(state: AgentState | null): void {
  if (state === null) return;
  expect(counterOf(state, 'first')).toBeDefined();
  expect(counterOf(state, 'last')).toBe(counterOf(state, 'first'));
}

const startSaving = async (dir: string) => {
  const child = startStateChild(['spin', dir, JSON.stringify(anyState({ first: 0, last: 0 }))]);
  expect(await child.next()).toBe('ready');
  return child;
};

/** How long a save takes here and now, so that moments are chosen within it on a busy machine too. */
async function timeToSave(): Promise<number> {
  const child = await startSaving(newFolder());
  const began = performance.now();
  expect(await child.next()).toBe('saved');
  child.process.kill('SIGKILL');
  await child.ended;
  return performance.now() - began;
}

/** Kills a process that saves without end, some time after its first words. */
async function killWhileSaving(dir: string, afterMs: number): Promise<void> {
  const child = await startSaving(dir);
  await sleep(afterMs);
  child.process.kill('SIGKILL');
  expect(await child.ended).toBe('SIGKILL');
}

/** The next change is not kept out by a lock of the killed one, finds a whole state and leaves no rubbish. */
async function expectUsable(dir: string): Promise<number> {
  const folder = new StateFolder(dir);
  const before = await folder.read();
  expectWhole(before);
  await folder.change(
    async (state, save) => {
      expectWhole(state);
      await save(state ?? anyState({ first: 0, last: 0 }));
    },
    { waitMs: 10_000 },
  );
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  return counterOf(before, 'last') ?? 0;
}

describe('An agent that is killed at any moment', () => {
  it('leaves a whole state, and a folder that the next one can use', async () => {
    const dir = newFolder();
    let saveMs = 0;
    let saved = 0;
    for (let round = 0; round < 60; round += 1) {
      // Anew now and then: the machine may be busier than it was at the beginning.
      if (round % 10 === 0) saveMs = await timeToSave();
      await killWhileSaving(dir, Math.random() * 3 * saveMs);
      saved = Math.max(saved, await expectUsable(dir));
    }
    // It was killed in the middle of its work, not before.
    expect(saved).toBeGreaterThan(1);
  }, 300_000);

  it('leaves a usable folder when it dies over the very first state', async () => {
    const saveMs = await timeToSave();
    for (let round = 0; round < 40; round += 1) {
      const dir = newFolder();
      await killWhileSaving(dir, Math.random() * 1.5 * saveMs);
      expect(await expectUsable(dir)).toBeGreaterThanOrEqual(0);
    }
  }, 300_000);
});

describe('Agents on one state folder', () => {
  it('lose nothing of what the others save', async () => {
    const dir = newFolder();
    const folder = new StateFolder(dir);
    const waitMs = 120_000;
    const addOne = () =>
      folder.change((state, save) => save(anyState({ n: counterOf(state, 'n')! + 1 })), { waitMs });
    await folder.change((_, save) => save(anyState({ n: 0 })));
    const children = [1, 2].map(() => startStateChild(['count', dir, '50']));
    await Promise.all([...children.map((child) => child.next()), ...Array.from({ length: 20 }, addOne)]);
    expect(await folder.read()).toEqual(anyState({ n: 120 }));
  });
});
