import type { Closing } from './closing.ts';
import type { Databases } from './databases.ts';
import { missing } from './limits/programs.ts';
import { compare, type Comparison } from './measure.ts';
import type { Options } from './options.ts';
import { note } from './progress.ts';
import type { Section } from './report.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { setStage } from './stage.ts';

export interface Compared {
  readonly sections: readonly (Section & { readonly seed_seconds: number })[];
  readonly failures: readonly string[];
}

function connectionsOf({ quickAt, connections }: Scenario, options: Options): readonly number[] {
  const all = connections ?? options.connections;
  return options.isQuick && quickAt.length > 0 ? quickAt : all;
}

async function measureSection(
  licenses: number,
  { options, folder, databases, failures }: Setting & { readonly failures: string[] },
  closing: Closing,
) {
  const scenarios = SCENARIOS.filter(({ name }) => options.only.includes(name));
  const mark = closing.mark;
  const files = scenarios.some(({ unit }) => unit === 'MiB');
  const stage = await setStage({ licenses, files, folder, databases }, closing);
  const needed = new Set(scenarios.flatMap(({ limits }) => limits.map(({ name }) => name)));
  if (stage.pgbench === null && needed.has('pgbench')) note(missing('pgbench'));
  if (stage.servers.nginx === null && needed.has('nginx')) note(missing('nginx'));
  const comparisons: Comparison[] = [];
  for (const scenario of scenarios) {
    for (const connections of connectionsOf(scenario, options)) {
      const title = `${scenario.name} at ${connections} connections`;
      note(`Measuring ${title} …`);
      try {
        comparisons.push(await compare(stage, scenario, connections, options));
      } catch (error) {
        if (closing.interrupted) throw error;
        // A refusal or an error is no figure: it is told by name, and the others are measured all the same.
        failures.push(`${title}, ${licenses} licenses: ${(error as Error).message}`);
        note(`FAILED: ${failures.at(-1)}`);
      }
    }
  }
  await closing.closeSince(mark);
  return { licenses, seed_seconds: stage.seedSeconds, comparisons };
}

interface Setting {
  readonly options: Options;
  readonly folder: string;
  readonly databases: Databases;
}

/** Every scenario on every data set, one after the other. */
export async function compareAll(setting: Setting, closing: Closing): Promise<Compared> {
  const failures: string[] = [];
  const sections: (Section & { seed_seconds: number })[] = [];
  for (const licenses of setting.options.licenses) {
    sections.push(await measureSection(licenses, { ...setting, failures }, closing));
  }
  return { sections, failures };
}
