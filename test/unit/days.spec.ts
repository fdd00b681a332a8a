import { dayOf, daysOf, daySpan, isDay, MOST_DAYS } from '../../src/domain/days.js';

describe('days', () => {
  it('are those of UTC', () => {
    expect(dayOf(new Date('2027-03-01T23:59:59.999Z'))).toBe('2027-03-01');
    expect(dayOf(new Date('2027-03-01T23:30:00-01:00'))).toBe('2027-03-02');
  });

  it.each(['2027-03-01', '2028-02-29', '1970-01-01'])('%s is one', (text) => {
    expect(isDay(text)).toBe(true);
  });

  it.each([
    '',
    '2027-02-29',
    '2027-13-01',
    '0000-01-01',
    '1969-12-31',
    '2027-00-10',
    '2027-3-1',
    '2027-03-01T00:00:00Z',
    '+27-03-01',
  ])('%j is none', (text) => {
    expect(isDay(text)).toBe(false);
  });

  it.each([
    [{}, { from: '2027-01-31', to: '2027-03-01' }],
    [{ to: '2027-02-28' }, { from: '2027-01-30', to: '2027-02-28' }],
    [{ from: '2027-02-28' }, { from: '2027-02-28', to: '2027-03-01' }],
    [
      { from: '2027-03-01', to: '2027-03-01' },
      { from: '2027-03-01', to: '2027-03-01' },
    ],
    [
      { from: '2026-03-01', to: '2027-03-01' },
      { from: '2026-03-01', to: '2027-03-01' },
    ],
    [{ from: '2026-02-28', to: '2027-03-01' }, 'length'],
    [{ from: '2027-03-02' }, 'order'],
    [{ from: '2027-02-02', to: '2027-02-01' }, 'order'],
  ])('%j are asked for as %j', (asked, span) => {
    expect(daySpan(asked, '2027-03-01')).toEqual(span);
  });

  it('are counted through leap years and turns of the year', () => {
    expect(daysOf({ from: '2027-12-30', to: '2028-01-02' })).toEqual([
      '2027-12-30',
      '2027-12-31',
      '2028-01-01',
      '2028-01-02',
    ]);
    expect(daysOf({ from: '2028-02-28', to: '2028-03-01' })).toHaveLength(3);
    expect(daysOf({ from: '2026-03-01', to: '2027-03-01' })).toHaveLength(MOST_DAYS);
  });
});
