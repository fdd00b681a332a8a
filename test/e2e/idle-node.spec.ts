import { jest } from '@jest/globals';
import { poolOf } from '../../src/database/data-source.js';
import { startApp, type TestApp } from '../setup/app.js';

let app: TestApp;

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

/** The relay opens two transactions in each of its turns, one a second. */
const TURNS = 10;

describe('a node with nothing to do', () => {
  it('asks the job queue a few times in ten turns of the relay', async () => {
    const began = performance.now();
    const queries = jest.spyOn(poolOf(app.dataSource), 'query');
    const transact = app.dataSource.transaction.bind(app.dataSource) as (...given: unknown[]) => unknown;
    await new Promise<void>((resolve) => {
      let left = 2 * TURNS;
      jest.spyOn(app.dataSource, 'transaction').mockImplementation((...given: unknown[]) => {
        left -= 1;
        if (left === 0) resolve();
        return transact(...given) as Promise<never>;
      });
    });
    const looks = queries.mock.calls.filter(([text]) => JSON.stringify(text).includes('pgboss.'));
    // It looks by the clock: turns that take longer are more looks.
    expect(looks.length).toBeLessThan(5 * Math.max(TURNS, (performance.now() - began) / 1_000));
    jest.restoreAllMocks();
  });
});
