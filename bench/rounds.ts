import type { Lap } from './load/run.ts';
import { median, percentile } from './numbers.ts';

export interface Round {
  readonly amount: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** What a side came to: each figure is the median of its rounds. */
export interface Measured extends Pick<Round, 'perSecond' | 'p50' | 'p99'> {
  readonly rounds: readonly Round[];
}

/** The laps of a round as if they were one. */
export function roundOf(laps: readonly Lap[]): Round {
  const seconds = laps.reduce((sum, { seconds: each }) => sum + each, 0);
  const amount = laps.reduce((sum, { amount: each }) => sum + each, 0);
  const latencies = new Uint32Array(laps.reduce((sum, { latencies: each }) => sum + each.length, 0));
  let filled = 0;
  for (const { latencies: each } of laps) {
    latencies.set(each, filled);
    filled += each.length;
  }
  latencies.sort();
  const milliseconds = (share: number) => percentile(latencies, share) / 1_000;
  return {
    amount,
    seconds,
    perSecond: amount / seconds,
    p50: milliseconds(0.5),
    p99: milliseconds(0.99),
  };
}

export const summaryOf = (rounds: readonly Round[]): Measured => ({
  perSecond: median(rounds.map((round) => round.perSecond)),
  p50: median(rounds.map((round) => round.p50)),
  p99: median(rounds.map((round) => round.p99)),
  rounds,
});
