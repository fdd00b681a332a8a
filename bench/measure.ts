import type { Lap } from './load/run.ts';
import { roundOf, summaryOf, type Measured, type Round } from './rounds.ts';
import type { Memory } from './server.ts';
import type { Window } from './data-set.ts';
import type { Asked, Limit, Scenario } from './scenarios.ts';
import type { Stage } from './stage.ts';
import { forgetUnsealed, prepare } from './tables.ts';

type LimitName = Limit['name'];

export interface Comparison {
  readonly scenario: string;
  readonly connections: number;
  readonly service: Measured;
  readonly limits: readonly { readonly name: LimitName; readonly measured: Measured }[];
  readonly memory: Memory;
}

export interface Pace {
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
}

/** More than any side answers, so that a run never comes to the end of what was made for it. */
const MOST_A_SECOND = { once: 20_000, again: 25_000, activations: 6_000, downloads: 100 };

function mostIn({ once, begins, unit }: Scenario, licenses: number, seconds: number): number {
  if (unit === 'MiB') return MOST_A_SECOND.downloads * seconds;
  // A license has seats left for many machines.
  if (begins === 'no new seats') return MOST_A_SECOND.activations * seconds;
  return Math.min(licenses, (once ? MOST_A_SECOND.once : MOST_A_SECOND.again) * seconds);
}

interface Side {
  /** Null for the service. */
  readonly limit: LimitName | null;
  readonly window: Window;
  run(seconds: number): Promise<Lap>;
}

/** The sides in the order in which they take turns: the service, then the limits that this machine has. */
function sidesOf(stage: Stage, scenario: Scenario, connections: number, seconds: number): Side[] {
  const count = Math.ceil(mostIn(scenario, stage.licenses, seconds));
  const side = (
    limit: LimitName | null,
    from: number,
    run: (length: number, window: Window) => Promise<Lap>,
  ) => {
    const window = { from, count };
    return { limit, window, run: (length: number) => run(length, window) };
  };
  const overHttp =
    (url: string, { request, status: expected }: Asked) =>
    (length: number, window: Window) => {
      const { once, unit } = scenario;
      const bytes = unit === 'MiB';
      return stage.generator.run({
        url,
        request,
        window,
        once,
        connections,
        seconds: length,
        bytes,
        expected,
      });
    };
  // The halves of a large data set: what one side has read warms nothing for the other.
  const other = Math.floor(stage.licenses / 2);
  const limits = scenario.limits.flatMap((limit) => {
    if (limit.name === 'pgbench') {
      const { pgbench } = stage;
      return pgbench === null
        ? []
        : [side('pgbench', other, (length) => pgbench.run({ connections, seconds: length }))];
    }
    const server = stage.servers[limit.name];
    return server === null ? [] : [side(limit.name, other, overHttp(server.url, limit.asked))];
  });
  return [side(null, 0, overHttp(stage.service.url, scenario.service)), ...limits];
}

async function runOnce(stage: Stage, scenario: Scenario, side: Side, seconds: number): Promise<Lap> {
  const { licenses, pool, service } = stage;
  await prepare(pool, scenario.begins, { licenses, window: side.window });
  if (side.limit === null) return side.run(seconds);
  // The limit gets the machine for itself.
  service.pause();
  try {
    return await side.run(seconds);
  } finally {
    await forgetUnsealed(pool);
    service.resume();
  }
}

/** A run that comes to the end of its licenses goes on with the same ones, made as they were. */
async function fullRound(stage: Stage, scenario: Scenario, side: Side, seconds: number): Promise<Round> {
  const laps: Lap[] = [];
  let left = seconds;
  do {
    const run = await runOnce(stage, scenario, side, left);
    laps.push(run);
    left -= run.seconds;
  } while (left > seconds / 2);
  return roundOf(laps);
}

/** Who failed stands before what failed. */
async function failingAs<T>(side: Side, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new Error(`${side.limit ?? 'the service'}: ${(error as Error).message}`, { cause: error });
  }
}

/** Service and limits run in turn, A B A B, and the medians are compared. */
export async function compare(
  stage: Stage,
  scenario: Scenario,
  connections: number,
  { seconds, warmUpSeconds, rounds }: Pace,
): Promise<Comparison> {
  const sides = sidesOf(stage, scenario, connections, seconds).map((side) => ({
    side,
    rounds: [] as Round[],
  }));
  for (const { side } of sides) {
    // pgbench warms up by itself, each time.
    if (side.limit !== 'pgbench') await failingAs(side, runOnce(stage, scenario, side, warmUpSeconds));
  }
  for (let turn = 0; turn < rounds; turn++) {
    for (const { side, rounds: done } of sides) {
      done.push(await failingAs(side, fullRound(stage, scenario, side, seconds)));
    }
  }
  const [first, ...others] = sides.map(({ side, rounds: done }) => ({ side, measured: summaryOf(done) }));
  return {
    scenario: scenario.name,
    connections,
    service: (first as { measured: Measured }).measured,
    limits: others.map(({ side, measured }) => ({ name: side.limit as LimitName, measured })),
    memory: await stage.service.memory(),
  };
}
