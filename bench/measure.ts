import type { Lap } from './load/run.ts';
import { roundOf, summaryOf, type Measured, type Round } from './rounds.ts';
import type { Memory } from './server.ts';
import type { Window } from './data-set.ts';
import type { Asked, Scenario } from './scenarios.ts';
import type { Server } from './server.ts';
import type { Stage } from './stage.ts';
import { forgetUnsealed, prepare } from './tables.ts';

export type LimitName = 'bare Fastify + pg' | 'pgbench';

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

/** Some run ahead of all others, so that a run of them never comes to the end of what was made for it. */
const MOST_A_SECOND = { once: 20_000, again: 25_000, activate: 6_000 };

function windowOf({ once, begins }: Scenario, licenses: number, seconds: number, isLimit: boolean): Window {
  const from = isLimit ? Math.floor(licenses / 2) : 0;
  if (begins === 'no new seats') return { from, count: Math.ceil(MOST_A_SECOND.activate * seconds) };
  const pace = once ? MOST_A_SECOND.once : MOST_A_SECOND.again;
  return { from, count: Math.min(licenses, Math.ceil(pace * seconds)) };
}

interface Side {
  /** Null for the service. */
  readonly limit: LimitName | null;
  readonly window: Window;
  run(seconds: number): Promise<Lap>;
}

/** The sides in the order in which they take turns. */
function sidesOf(stage: Stage, scenario: Scenario, connections: number, seconds: number): Side[] {
  const asked = (server: Server, { request, status }: Asked, limit: LimitName | null): Side => {
    const window = windowOf(scenario, stage.licenses, seconds, limit !== null);
    return {
      limit,
      window,
      run: (length) =>
        stage.generator.run({
          url: server.url,
          request,
          window,
          once: scenario.once,
          connections,
          seconds: length,
          expected: status,
        }),
    };
  };
  const { pgbench } = stage;
  return [
    asked(stage.service, scenario.service, null),
    asked(stage.bare, scenario.bare, 'bare Fastify + pg'),
    ...(scenario.pgbench && pgbench !== null
      ? [
          {
            limit: 'pgbench' as const,
            window: { from: 0, count: 1 },
            run: (length: number) => pgbench.run({ connections, seconds: length }),
          },
        ]
      : []),
  ];
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
  for (const { side } of sides) await failingAs(side, runOnce(stage, scenario, side, warmUpSeconds));
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
