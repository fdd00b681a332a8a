import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Closing } from './closing.ts';
import { compareAll } from './comparisons.ts';
import { openDatabases } from './databases.ts';
import { machineFacts } from './machine.ts';
import { readOptions } from './options.ts';
import { crossRatios, tableOf } from './report.ts';
import { soak, verdictOf } from './soak.ts';
import { setStage } from './stage.ts';
import { measureStarts, sentenceOf } from './starts.ts';

const RESULTS = fileURLToPath(new URL('results.json', import.meta.url));

const options = readOptions(process.argv.slice(2));
const closing = new Closing();
closing.onSignals();

/** What was measured, for the file, and in lines; false where something that was asked for is not there. */
interface Outcome {
  readonly results: object;
  readonly lines: readonly string[];
  readonly isGood: boolean;
}

async function starts(folder: string): Promise<Outcome> {
  const measured = await measureStarts(folder, closing);
  return { results: { starts: measured }, lines: [sentenceOf(measured)], isGood: true };
}

async function onDatabase(folder: string): Promise<Outcome> {
  const databases = await openDatabases({ url: options.databaseUrl, folder }, closing);
  const postgresql = databases.version;
  const [licenses = 0] = options.licenses;
  if (options.soakSeconds !== null) {
    const stage = await setStage({ licenses, files: false, folder, databases }, closing);
    const connections = Math.max(...options.connections);
    const soaked = await soak(stage, { seconds: options.soakSeconds, connections });
    const isGood = soaked.isFlat && soaked.isSmall;
    return { results: { postgresql, soak: soaked }, lines: [verdictOf(soaked)], isGood };
  }
  const { sections, failures } = await compareAll({ options, folder, databases }, closing);
  const lines = [
    `PostgreSQL ${postgresql}; medians of ${options.rounds} runs of ${options.seconds} s each, load generator included`,
    ...sections.map((section) => `\n${tableOf(section)}`),
    '',
    ...crossRatios(sections),
    ...failures.map((failure) => `FAILED: ${failure}`),
  ];
  return { results: { postgresql, sections, failures }, lines, isGood: failures.length === 0 };
}

try {
  const folder = await mkdtemp(join(tmpdir(), 'mooring-bench-'));
  closing.later(() => rm(folder, { recursive: true, force: true }));
  // Root's PostgreSQL runs as another user, who must get to its data folder.
  await chmod(folder, 0o755);
  const machine = machineFacts();
  const { results, lines, isGood } = await (options.start ? starts(folder) : onDatabase(folder));
  // The URL of a database holds a password.
  const told = { ...options, databaseUrl: undefined };
  await writeFile(RESULTS, `${JSON.stringify({ machine, options: told, ...results }, null, 2)}\n`);
  console.log(`\n${machine.processor}, ${machine.cores} cores; Node ${machine.node}`);
  for (const line of lines) console.log(line);
  if (!isGood) process.exitCode = 1;
} catch (error) {
  if (!closing.interrupted) console.error(error);
  process.exitCode = 1;
} finally {
  await closing.close();
}
if (!closing.interrupted) process.exit();
