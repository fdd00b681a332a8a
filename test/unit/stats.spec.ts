import { answered, byDay, refusals } from '../../src/domain/stats.js';
import { VerdictTally } from '../../src/metrics/verdict-tally.js';

const rows = [
  { day: '2027-03-01', code: 'VALID', count: 7 },
  { day: '2027-03-01', code: 'EXPIRED', count: 2 },
  { day: '2027-03-03', code: 'EXPIRED', count: 1 },
  { day: '2027-03-03', code: 'REVOKED', count: 4 },
];

const NONE = {
  INVALID_KEY: 0,
  REVOKED: 0,
  SUSPENDED: 0,
  EXPIRED: 0,
  VERSION_TOO_LOW: 0,
  UPDATES_EXPIRED: 0,
  HARDWARE_MISMATCH: 0,
  MAX_ACTIVATIONS: 0,
};

describe('counted verdicts', () => {
  it('are answered with yes and no', () => {
    expect(answered(rows)).toEqual({ total: 14, valid: 7, refused: 7 });
    expect(answered([])).toEqual({ total: 0, valid: 0, refused: 0 });
  });

  it('are told by the code of the refusal, with zeros for those that were not given', () => {
    expect(refusals(rows)).toEqual({ total: 7, codes: { ...NONE, EXPIRED: 3, REVOKED: 4 } });
    expect(refusals([])).toEqual({ total: 0, codes: NONE });
  });

  it('are told for every day, also for those without any', () => {
    expect(
      byDay({ from: '2027-02-28', to: '2027-03-03' }, rows, (ofDay, day) => [day, ofDay.length]),
    ).toEqual([
      ['2027-02-28', 0],
      ['2027-03-01', 2],
      ['2027-03-02', 0],
      ['2027-03-03', 2],
    ]);
  });
});

describe('the tally', () => {
  const verdict = { day: '2027-03-01', product: 'panel', action: 'validate', code: 'VALID' } as const;

  it('keeps one number for each day, product, action and code', () => {
    const tally = new VerdictTally();
    for (let i = 0; i < 3; i++) tally.add({ ...verdict, count: 1 });
    tally.add({ ...verdict, code: 'EXPIRED', count: 1 });
    tally.add({ ...verdict, action: 'activate', count: 1 });
    tally.add({ ...verdict, product: '', count: 1 });
    tally.add({ ...verdict, day: '2027-03-02', count: 5 });
    expect(tally.take()).toEqual([
      { ...verdict, count: 3 },
      { ...verdict, code: 'EXPIRED', count: 1 },
      { ...verdict, action: 'activate', count: 1 },
      { ...verdict, product: '', count: 1 },
      { ...verdict, day: '2027-03-02', count: 5 },
    ]);
  });

  it('begins anew when it is taken, and takes back what could not be kept elsewhere', () => {
    const tally = new VerdictTally();
    tally.add({ ...verdict, count: 2 });
    const taken = tally.take();
    expect(tally.take()).toEqual([]);
    tally.add({ ...verdict, count: 1 });
    for (const each of taken) tally.add(each);
    expect(tally.take()).toEqual([{ ...verdict, count: 3 }]);
  });
});
