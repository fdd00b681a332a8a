import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Closing } from './closing.ts';
import { openDatabases, type Databases } from './databases.ts';
import { missing } from './limits/programs.ts';
import { machineFacts } from './machine.ts';
import { compare, type Comparison } from './measure.ts';
import { readOptions } from './options.ts';
import { note } from './progress.ts';
import { crossRatios, tableOf, type Section } from './report.ts';
import { SCENARIOS } from './scenarios.ts';
import { setStage } from './stage.ts';

const RESULTS = fileURLToPath(new URL('results.json', import.meta.url));

const options = readOptions(process.argv.slice(2));
const closing = new Closing();
closing.onSignals();

const scenarios = SCENARIOS.filter(({ name }) => options.only.includes(name));
const failures: string[] = [];

async function measureSection(licenses: number, folder: string, databases: Databases) {
  const mark = closing.mark;
  const files = scenarios.some(({ unit }) => unit === 'MiB');
  const stage = await setStage({ licenses, files, folder, databases }, closing);
  const needed = new Set(scenarios.flatMap(({ limits }) => limits.map(({ name }) => name)));
  if (stage.pgbench === null && needed.has('pgbench')) note(missing('pgbench'));
  if (stage.servers.nginx === null && needed.has('nginx')) note(missing('nginx'));
  const comparisons: Comparison[] = [];
  for (const scenario of scenarios) {
    for (const connections of scenario.connections ?? options.connections) {
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

async function measureAll(folder: string): Promise<void> {
  const databases = await openDatabases({ url: options.databaseUrl, folder }, closing);
  const machine = { ...machineFacts(), postgresql: databases.version };
  const sections: (Section & { seed_seconds: number })[] = [];
  for (const licenses of options.licenses) sections.push(await measureSection(licenses, folder, databases));
  const { databaseUrl: _secret, ...told } = options;
  await writeFile(RESULTS, `${JSON.stringify({ machine, options: told, sections, failures }, null, 2)}\n`);
  const { processor, cores, node, postgresql } = machine;
  console.log(`\n${processor}, ${cores} cores; Node ${node}, PostgreSQL ${postgresql}`);
  console.log(`Medians of ${options.rounds} runs of ${options.seconds} s each; load generator included`);
  for (const section of sections) console.log(`\n${tableOf(section)}`);
  const ratios = crossRatios(sections);
  if (ratios.length > 0) console.log(`\n${ratios.join('\n')}`);
  for (const failure of failures) console.log(`FAILED: ${failure}`);
}

try {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-bench-'));
  closing.later(() => rm(folder, { recursive: true, force: true }));
  // Root's PostgreSQL runs as another user, who must get to its data folder.
  await chmod(folder, 0o755);
  await measureAll(folder);
} catch (error) {
  if (!closing.interrupted) {
    console.error(error);
    process.exitCode = 1;
  }
} finally {
  await closing.close();
}
if (failures.length > 0) process.exitCode = 1;
if (!closing.interrupted) process.exit();
