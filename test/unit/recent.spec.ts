import { Recent } from '../../src/admin/stats/recent.js';

const at = (seconds: number) => new Date(1_800_000_000_000 + seconds * 1_000);

describe('Recent', () => {
  let made = 0;
  const make = () => Promise.resolve(++made);
  beforeEach(() => {
    made = 0;
  });

  it('makes an answer once in five seconds for each name', async () => {
    const recent = new Recent<number>();
    expect(await Promise.all([recent.get('a', at(0), make), recent.get('a', at(0), make)])).toEqual([1, 1]);
    expect(await recent.get('a', at(4.9), make)).toBe(1);
    expect(await recent.get('b', at(4.9), make)).toBe(2);
    expect(await recent.get('a', at(5), make)).toBe(3);
  });

  it('does not answer from a time that a clock was put back from', async () => {
    const recent = new Recent<number>();
    await recent.get('a', at(60), make);
    expect(await recent.get('a', at(0), make)).toBe(2);
  });

  it('does not keep a failure', async () => {
    const recent = new Recent<number>();
    await expect(recent.get('a', at(0), () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await recent.get('a', at(0), make)).toBe(1);
  });

  it('does not grow with the names that are asked for', async () => {
    const recent = new Recent<number>();
    for (let i = 0; i < 101; i++) await recent.get(`${i}`, at(0), make);
    await recent.get('100', at(0), make);
    expect(made).toBe(101);
    await recent.get('0', at(0), make);
    expect(made).toBe(102);
  });
});
