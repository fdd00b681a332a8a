import { jest } from '@jest/globals';
import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { gather } from '../../src/database/gather.js';
import { asOneUnit, joinedClient } from '../../src/database/unit-of-work.js';
import { isDependencyDown } from '../../src/http/dependency-down.js';

interface Statement {
  readonly asked: readonly number[];
  readonly answer: () => void;
  readonly fail: (error: Error) => void;
}

/** A database that answers when it is told to: each number with ten times of it. */
function database() {
  const statements: Statement[] = [];
  const ask = (asked: readonly number[]) =>
    new Promise<number[]>((resolve, reject) => {
      statements.push({ asked, answer: () => resolve(asked.map((number) => number * 10)), fail: reject });
    });
  return { statements, ask };
}

/** Until whatever can happen without the database has happened. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await turn();
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index);

describe('calls that are gathered', () => {
  it('ask together when they come together, and each gets its own answer', async () => {
    const { statements, ask } = database();
    const load = gather(ask, { most: 64, inFlight: 2 });
    const answers = Promise.all([7, 3, 3, 9].map(load));
    await settled();
    expect(statements.map(({ asked }) => asked)).toEqual([[7, 3, 3, 9]]);
    statements[0]?.answer();
    expect(await answers).toEqual([70, 30, 30, 90]);
  });

  it('are asked for at once when nobody else asks', async () => {
    const { statements, ask } = database();
    const load = gather(ask, { most: 64, inFlight: 2 });
    for (const number of [1, 2, 3]) {
      const answer = load(number);
      await settled();
      statements.at(-1)?.answer();
      expect(await answer).toBe(number * 10);
    }
    expect(statements.map(({ asked }) => asked)).toEqual([[1], [2], [3]]);
  });

  it('never run more statements at a time than they may; meanwhile the next one fills', async () => {
    const { statements, ask } = database();
    const load = gather(ask, { most: 64, inFlight: 2 });
    const answers: Promise<number>[] = [];
    for (const number of numbers(10)) {
      answers.push(load(number));
      await settled();
    }
    expect(statements.map(({ asked }) => asked)).toEqual([[0], [1]]);
    statements[1]?.answer();
    await settled();
    expect(statements.map(({ asked }) => asked)).toEqual([[0], [1], numbers(8, 2)]);
    statements[0]?.answer();
    statements[2]?.answer();
    expect(await Promise.all(answers)).toEqual(numbers(10).map((number) => number * 10));
  });

  it('are no more in a statement than may share one, in the order in which they came', async () => {
    const { statements, ask } = database();
    const load = gather(ask, { most: 4, inFlight: 2 });
    const answers = Promise.all(numbers(11).map(load));
    await settled();
    expect(statements.map(({ asked }) => asked)).toEqual([numbers(4), numbers(4, 4)]);
    statements[0]?.answer();
    await settled();
    expect(statements[2]?.asked).toEqual(numbers(3, 8));
    statements[1]?.answer();
    statements[2]?.answer();
    expect(await answers).toEqual(numbers(11).map((number) => number * 10));
  });

  it('share a failure with those of their statement and with no others', async () => {
    const { statements, ask } = database();
    const load = gather(ask, { most: 2, inFlight: 1 });
    const answers = Promise.allSettled(numbers(5).map(load));
    await settled();
    statements[0]?.answer();
    await settled();
    statements[1]?.fail(new Error('The database is away'));
    await settled();
    statements[2]?.answer();
    expect(
      (await answers).map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason.message)),
    ).toEqual([0, 10, 'The database is away', 'The database is away', 40]);
  });

  it('are refused unasked when those before them took too long, and whoever comes later is asked', async () => {
    const { statements, ask } = database();
    const load = gather(ask, { most: 64, inFlight: 1 });
    const now = performance.now();
    const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
    try {
      const first = load(1);
      await settled();
      const late = Promise.allSettled([load(2), load(3)]);
      clock.mockReturnValue(now + 10_000);
      const inTime = load(4);
      await settled();
      clock.mockReturnValue(now + 15_001);
      statements[0]?.answer();
      expect(await first).toBe(10);
      await settled();
      expect(statements.map(({ asked }) => asked)).toEqual([[1], [4]]);
      statements[1]?.answer();
      expect(await inTime).toBe(40);
      const reasons = (await late).map((answer) => answer.status === 'rejected' && answer.reason);
      expect(reasons.map(isDependencyDown)).toEqual([true, true]);
    } finally {
      clock.mockRestore();
    }
  });

  it('go on after failures, thrown at once ones among them', async () => {
    let isAway = true;
    const load = gather(
      (asked: readonly number[]) => {
        if (isAway) throw new Error('away');
        return Promise.resolve(asked);
      },
      { most: 64, inFlight: 1 },
    );
    for (const number of [1, 2, 3]) await expect(load(number)).rejects.toThrow('away');
    isAway = false;
    expect(await load(4)).toBe(4);
  });

  it('are asked for anew each time: nothing is remembered', async () => {
    let asked = 0;
    const load = gather((together: readonly string[]) => Promise.resolve(together.map(() => ++asked)), {
      most: 64,
      inFlight: 2,
    });
    expect([await load('same'), await load('same'), await load('same')]).toEqual([1, 2, 3]);
  });

  it('are no part of the transaction that any of them comes from', async () => {
    const client = {};
    const source = {
      transaction: (work: (manager: object) => Promise<unknown>) =>
        work({ queryRunner: { connect: () => Promise.resolve(client) } }),
    } as unknown as DataSource;
    const seen: unknown[] = [];
    const load = gather(
      (together: readonly number[]) => {
        seen.push(joinedClient());
        return Promise.resolve(together);
      },
      { most: 1, inFlight: 1 },
    );
    await asOneUnit(source, async () => {
      expect(joinedClient()).toBe(client);
      expect(await Promise.all([load(1), load(2)])).toEqual([1, 2]);
      expect(joinedClient()).toBe(client);
    });
    expect(seen).toEqual([null, null]);
  });

  it('are each followed in what they themselves are done for', async () => {
    const request = new AsyncLocalStorage<string>();
    const load = gather((together: readonly string[]) => Promise.resolve(together), {
      most: 64,
      inFlight: 1,
    });
    const names = ['a', 'b', 'c'];
    const followed = names.map((name) =>
      request.run(name, async () => {
        await load(name);
        return request.getStore();
      }),
    );
    expect(await Promise.all(followed)).toEqual(names);
  });
});
