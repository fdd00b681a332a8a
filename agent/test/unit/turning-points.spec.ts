import { nextTurnAt } from '../../src/domain/turning-points.js';

const at = (hour: number) => new Date(Date.UTC(2027, 2, 1, hour)).toISOString();
const POINTS = { valid_until: at(3), grace_until: at(9), expires_at: at(6) };

describe('the next turn by time alone', () => {
  it.each([
    [0, 3],
    [3, 6],
    [5, 6],
    [6, 9],
  ])('seen at %i is at %i', (now, expected) => {
    expect(nextTurnAt(POINTS, Date.parse(at(now)))).toBe(Date.parse(at(expected)));
  });

  it('is not there when everything lies behind', () => {
    expect(nextTurnAt(POINTS, Date.parse(at(9)))).toBeNull();
  });

  it('is not there without a license', () => {
    expect(nextTurnAt({ valid_until: null, grace_until: null, expires_at: null }, 0)).toBeNull();
  });
});
