import { Logger } from '@nestjs/common';
import {
  comeBackSeconds,
  expectedWaitMs,
  nextShare,
  REQUEST_CLASSES,
  SAMPLES_THAT_COUNT,
  type Pressure,
  type RequestClass,
} from '../../domain/overload.js';
import { overloaded, type Overloaded } from '../errors.js';

const CLASSES = Object.keys(REQUEST_CLASSES) as RequestClass[];

/** Whoever wants to know; metrics do. */
export interface ShedderListener {
  readonly measured: (expectedWaitMs: number) => void;
  readonly refused: (name: RequestClass) => void;
}

/** Refuses early what would not be answered in time, by the pressure that it is told of. */
export class Shedder {
  private readonly logger = new Logger('Overload');
  private readonly shares = new Map<RequestClass, number>();
  private waitsMs: readonly number[] = [];

  constructor(
    private readonly listener: ShedderListener,
    private readonly random: () => number = Math.random,
  ) {}

  /** One more sample. */
  take(pressure: Pressure): void {
    const waitMs = expectedWaitMs(pressure);
    this.listener.measured(waitMs);
    this.waitsMs = [...this.waitsMs, waitMs].slice(-SAMPLES_THAT_COUNT);
    for (const name of CLASSES) this.shift(name, waitMs);
  }

  /** The refusal of a request of that class; null to let it in. */
  refusal(name: RequestClass): Overloaded | null {
    const share = this.shares.get(name) ?? 1;
    if (share === 1 || this.random() < share) return null;
    this.listener.refused(name);
    return overloaded(comeBackSeconds(name, this.random()));
  }

  /** Told when it begins and when it is over: a line for every refusal would be one more load. */
  private shift(name: RequestClass, waitMs: number): void {
    const before = this.shares.get(name) ?? 1;
    const share = nextShare(name, before, this.waitsMs);
    this.shares.set(name, share);
    const facts = { class: name, expected_wait_ms: Math.round(waitMs) };
    if (before === 1 && share < 1)
      this.logger.warn(facts, 'Overloaded: requests of this class are refused or thinned out');
    if (before < 1 && share === 1) this.logger.log(facts, 'Requests of this class are answered again');
  }
}
