import type { Window } from './data-set.ts';
import { median } from './numbers.ts';
import { note } from './progress.ts';
import { roundOf } from './rounds.ts';
import type { Stage } from './stage.ts';
import { age } from './tables.ts';

const SLICE_SECONDS = 10;
const TENTHS = 10;
const MOST_LICENSES = 100_000;
const LIMIT_MB = 200;
/** What the collector leaves now and then is no growth. */
const FLAT_WITHIN = 1.05;

export interface Soaked {
  readonly samples: readonly {
    readonly perSecond: number;
    readonly p99: number;
    readonly memoryMb: number;
  }[];
  readonly isFlat: boolean;
  readonly isSmall: boolean;
}

/** Whether the last third needs no more than the one before it; the first one warms up. */
function isFlat(memory: readonly number[]): boolean {
  const third = Math.floor(memory.length / 3);
  return median(memory.slice(-third)) <= median(memory.slice(-2 * third, -third)) * FLAT_WITHIN;
}

/** Phone-homes for a long time, some of which renew their lease: memory is looked at every ten seconds. */
export async function soak(
  stage: Stage,
  { seconds, connections }: { readonly seconds: number; readonly connections: number },
): Promise<Soaked> {
  const { licenses, generator, service, pool } = stage;
  const window: Window = { from: 0, count: Math.min(licenses, MOST_LICENSES) };
  const tenth = Math.ceil(window.count / TENTHS);
  const samples: { perSecond: number; p99: number; memoryMb: number }[] = [];
  for (let turn = 0; turn * SLICE_SECONDS < seconds; turn++) {
    await age(pool, licenses, { from: (turn % TENTHS) * tenth, count: tenth });
    const lap = await generator.run({
      url: service.url,
      request: 'validate',
      window,
      once: false,
      connections,
      seconds: SLICE_SECONDS,
      bytes: false,
      expected: 200,
    });
    const { perSecond, p99 } = roundOf([lap]);
    const { now: memoryMb } = await service.memory();
    if (memoryMb === null) throw new Error('This machine does not tell how much memory a process has.');
    samples.push({ perSecond, p99, memoryMb });
    const at = `${(turn + 1) * SLICE_SECONDS} s`.padStart(6);
    note(
      `${at}  ${perSecond.toFixed(0)} requests/s  p99 ${p99.toFixed(1)} ms  RSS ${memoryMb.toFixed(0)} MB`,
    );
  }
  const memory = samples.map((sample) => sample.memoryMb);
  return { samples, isFlat: isFlat(memory), isSmall: Math.max(...memory) < LIMIT_MB };
}

export const verdictOf = ({ samples, isFlat: flat, isSmall }: Soaked): string => {
  const peak = Math.max(...samples.map(({ memoryMb }) => memoryMb));
  return `Memory is ${flat ? 'flat' : 'NOT FLAT'} and ${isSmall ? 'under' : 'NOT UNDER'} ${LIMIT_MB} MB: ${peak.toFixed(0)} MB at the most`;
};
