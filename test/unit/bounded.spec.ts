import { setImmediate as nextTurn } from 'node:timers/promises';
import { Bounded } from '../../src/access/bounded.js';

/** Work that ends when it is told to, and a record of what has begun. */
function tasks(bounded: Bounded) {
  const begun: number[] = [];
  const finish: (() => void)[] = [];
  const start = (id: number) =>
    bounded.run(async () => {
      begun.push(id);
      await new Promise<void>((resolve) => (finish[id] = resolve));
      return id;
    });
  return { begun, start, finish: (id: number) => finish[id]?.() };
}

describe('bounded work', () => {
  it('runs no more at a time than allowed, in the order of arrival', async () => {
    const { begun, start, finish } = tasks(new Bounded({ running: 2, waiting: 10 }));
    const all = [0, 1, 2, 3].map(start);
    await nextTurn();
    expect(begun).toEqual([0, 1]);
    finish(1);
    await expect(all[1]).resolves.toBe(1);
    await nextTurn();
    expect(begun).toEqual([0, 1, 2]);
    finish(0);
    finish(2);
    await nextTurn();
    finish(3);
    await expect(Promise.all(all)).resolves.toEqual([0, 1, 2, 3]);
  });

  it('refuses with 503 what would have to wait too long', async () => {
    const { start, finish } = tasks(new Bounded({ running: 1, waiting: 1 }));
    const [first, second] = [start(0), start(1)];
    await expect(start(2)).rejects.toMatchObject({ status: 503 });
    finish(0);
    await first;
    await nextTurn();
    finish(1);
    await expect(second).resolves.toBe(1);
  });

  it('gives its place back when the work fails', async () => {
    const bounded = new Bounded({ running: 1, waiting: 1 });
    const failing = bounded.run(() => Promise.reject(new Error('no')));
    const after = bounded.run(() => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    await expect(after).resolves.toBe('yes');
    await expect(bounded.run(() => Promise.resolve('again'))).resolves.toBe('again');
  });
});
