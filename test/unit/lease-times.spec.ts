import * as fc from 'fast-check';
import { drawLeaseTimes } from '../../src/signing/lease-times.js';

const now = new Date('2026-01-01T12:00:00.750Z');
const policy = { refreshAfterSeconds: 86_400, validForSeconds: 259_200, graceForSeconds: 1_209_600 };

const iso = (times: object) =>
  Object.fromEntries(Object.entries(times).map(([name, time]) => [name, (time as Date).toISOString()]));

describe('drawLeaseTimes', () => {
  it.each([
    [0, '2026-01-02T09:36:00.000Z'],
    [0.5, '2026-01-02T12:00:00.000Z'],
    [1, '2026-01-02T14:24:00.000Z'],
  ])('spreads the next call by a tenth: jitter %d', (jitter, refreshAfter) => {
    expect(iso(drawLeaseTimes({ now, policy, expiresAt: null, jitter }))).toEqual({
      refreshAfter,
      validUntil: '2026-01-04T12:00:00.000Z',
      graceUntil: '2026-01-15T12:00:00.000Z',
    });
  });

  it('cuts each time to the end of the license', () => {
    const between = new Date('2026-01-10T00:00:00.900Z');
    expect(iso(drawLeaseTimes({ now, policy, expiresAt: between, jitter: 0.5 }))).toEqual({
      refreshAfter: '2026-01-02T12:00:00.000Z',
      validUntil: '2026-01-04T12:00:00.000Z',
      graceUntil: '2026-01-10T00:00:00.000Z',
    });
    const soon = new Date('2026-01-01T13:00:00Z');
    expect(iso(drawLeaseTimes({ now, policy, expiresAt: soon, jitter: 0.5 }))).toEqual({
      refreshAfter: '2026-01-01T13:00:00.000Z',
      validUntil: '2026-01-01T13:00:00.000Z',
      graceUntil: '2026-01-01T13:00:00.000Z',
    });
  });

  it('never asks a panel back after its lease has ended', () => {
    const tight = { ...policy, refreshAfterSeconds: 259_200 };
    const { refreshAfter, validUntil } = drawLeaseTimes({ now, policy: tight, expiresAt: null, jitter: 1 });
    expect(refreshAfter).toEqual(validUntil);
  });

  it('does not shorten a lease that has no grace', () => {
    const graceless = { ...policy, graceForSeconds: 0 };
    const { validUntil, graceUntil } = drawLeaseTimes({ now, policy: graceless, expiresAt: null, jitter: 0 });
    expect(validUntil.toISOString()).toBe('2026-01-04T12:00:00.000Z');
    expect(graceUntil).toEqual(validUntil);
  });

  it.each([
    ['2026-01-01T12:00:00.000Z', 0, '2026-01-01T12:00:00.000Z'],
    ['2026-01-01T12:00:00.750Z', 0, '2026-01-01T12:00:01.000Z'],
    ['2026-01-01T12:00:00.999Z', 1, '2026-01-01T12:00:01.000Z'],
  ])('gives a lease of one second, issued at %s, no past: jitter %d', (at, jitter, refreshAfter) => {
    const second = { refreshAfterSeconds: 1, validForSeconds: 1, graceForSeconds: 1 };
    const times = iso(drawLeaseTimes({ now: new Date(at), policy: second, expiresAt: null, jitter }));
    expect(times).toEqual({
      refreshAfter,
      validUntil: '2026-01-01T12:00:01.000Z',
      graceUntil: '2026-01-01T12:00:01.000Z',
    });
  });

  it('keeps order, whole seconds and the license end for any policy', () => {
    const seconds = fc.integer({ min: 0, max: 400 * 86_400 });
    const time = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(
        time,
        fc.option(time),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.record({ refreshAfterSeconds: seconds, validForSeconds: seconds, graceForSeconds: seconds }),
        (at, expiresAt, jitter, lengths) => {
          const times = drawLeaseTimes({ now: at, policy: lengths, expiresAt, jitter });
          const [refresh, valid, grace] = [times.refreshAfter, times.validUntil, times.graceUntil].map(
            Number,
          );
          expect(refresh).toBeLessThanOrEqual(valid as number);
          expect(valid).toBeLessThanOrEqual(grace as number);
          expect([refresh, valid, grace].map((each) => (each as number) % 1_000)).toEqual([0, 0, 0]);
          expect(grace).toBeLessThanOrEqual(expiresAt?.getTime() ?? Infinity);
        },
      ),
    );
  });
});
