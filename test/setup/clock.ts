import { Clock } from '../../src/clock.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** A clock that stands still until it is moved. */
export class SettableClock extends Clock {
  constructor(private time = new Date('2027-03-01T12:00:00.000Z')) {
    super();
  }

  now(): Date {
    return new Date(this.time);
  }

  set(time: Date | string): void {
    this.time = new Date(time);
  }

  advance({ seconds = 0, hours = 0, days = 0 }: { seconds?: number; hours?: number; days?: number }): void {
    this.time = new Date(this.time.getTime() + seconds * SECOND + (hours + days * 24) * HOUR);
  }
}
