import { Injectable } from '@nestjs/common';

/** Where `now` comes from. Rules never read a clock; services ask this one once per call and pass the answer on. */
export abstract class Clock {
  abstract now(): Date;
}

@Injectable()
export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}
