import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.ts';

const HELP = `Usage: npm run bench -- [options]

Measures the service beside its limits, which get the same machine in turn: bare Fastify + pg executing
the same statements one a request, pgbench running the same transaction, nginx with the same files. Prints
a table for each number of licenses; everything goes to bench/results.json, in place of what is there.

  --licenses N,…      licenses with a seat each; several numbers are measured one after the other and
                      compared                                         (100000)
  --connections N,…   connections kept busy; downloads of large files and the admin list have their
                      own                                              (10,100)
  --seconds N         length of each run                               (8)
  --rounds N          runs of each side, of which the median counts    (3)
  --only NAME,…       these scenarios alone
  --database-url URL  a PostgreSQL in which databases may be created, instead of the embedded one
  --quick             the main scenarios with 10,000 licenses, two rounds of 2 s, in two minutes;
                      other options still count
  --start             how long a first and a second start take to the first answer, and nothing else
  --soak SECONDS      phone-homes for so long, a tenth of the leases due every ten seconds: whether memory
                      stays flat and under 200 MB, and nothing else
  --help

Scenarios:
${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(18)}  ${title}`).join('\n')}`;

export interface Options {
  readonly licenses: readonly number[];
  readonly connections: readonly number[];
  /** Each scenario at its own connections for `--quick`. */
  readonly isQuick: boolean;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
  readonly only: readonly string[];
  readonly databaseUrl: string | null;
  readonly start: boolean;
  /** Null for no soak. */
  readonly soakSeconds: number | null;
}

const QUICK = { licenses: ['10000'], seconds: '2', rounds: '2', warmUpSeconds: 1 };
const FULL = { licenses: ['100000'], seconds: '8', rounds: '3', warmUpSeconds: 3 };

const FEWEST_LICENSES = 1_000;

/** Three looks at the memory. */
const SHORTEST_SOAK = 30;

/** What a load is put on, and how. */
const ALL_OF_LOADS = ['licenses', 'connections', 'database-url'];

class UsageError extends Error {}

function splitAll(values: readonly string[], name: string): string[] {
  const all = values.flatMap((value) => value.split(',')).filter(Boolean);
  if (all.length === 0) throw new UsageError(`--${name} wants a value.`);
  return all;
}

function positive(value: string, name: string): number {
  const number = Number(value.replaceAll('_', ''));
  if (!(number > 0 && number < Infinity))
    throw new UsageError(`--${name} wants a number above zero, not ${value}.`);
  return number;
}

function whole(value: string, name: string): number {
  const number = positive(value, name);
  if (!Number.isInteger(number)) throw new UsageError(`--${name} wants a whole number, not ${value}.`);
  return number;
}

/** What would be ignored is a mistake of whoever asks for it. */
function refuseTogether(values: Readonly<Record<string, unknown>>): void {
  const given = (name: string) => values[name] !== undefined && values[name] !== false;
  const kind = ['start', 'soak'].find(given);
  if (kind === undefined) return;
  const ignored = [
    'start',
    'soak',
    'quick',
    'only',
    'seconds',
    'rounds',
    ...(kind === 'start' ? ALL_OF_LOADS : []),
  ];
  const other = ignored.find((name) => name !== kind && given(name));
  if (other !== undefined) throw new UsageError(`--${kind} measures nothing else: leave --${other} out.`);
}

function read(args: string[]): Options | null {
  const { values } = parseArgs({
    args,
    options: {
      licenses: { type: 'string', multiple: true },
      connections: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true },
      'database-url': { type: 'string' },
      start: { type: 'boolean', default: false },
      soak: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  refuseTogether(values);
  const soakSeconds = values.soak === undefined ? null : positive(values.soak, 'soak');
  if (soakSeconds !== null && soakSeconds < SHORTEST_SOAK)
    throw new UsageError(
      `--soak wants ${SHORTEST_SOAK} seconds at least: fewer looks at the memory tell nothing.`,
    );
  const usual = values.quick ? QUICK : FULL;
  const wanted = SCENARIOS.filter(({ quickAt }) => quickAt.length > 0 || !values.quick);
  const only = values.only ? splitAll(values.only, 'only') : wanted.map(({ name }) => name);
  const known = new Set(SCENARIOS.map(({ name }) => name));
  const stranger = only.find((name) => !known.has(name));
  if (stranger !== undefined) throw new UsageError(`There is no scenario ${stranger}; --help lists them.`);
  const licenses = splitAll(values.licenses ?? usual.licenses, 'licenses').map((value) =>
    whole(value, 'licenses'),
  );
  if (soakSeconds !== null && licenses.length > 1)
    throw new UsageError('--soak wants one number of licenses.');
  if (licenses.some((count) => count < FEWEST_LICENSES))
    throw new UsageError(`--licenses wants ${FEWEST_LICENSES} at least: fewer are no load.`);
  return {
    licenses,
    isQuick: values.quick && values.connections === undefined,
    connections: splitAll(values.connections ?? ['10,100'], 'connections').map((value) =>
      whole(value, 'connections'),
    ),
    seconds: positive(values.seconds ?? usual.seconds, 'seconds'),
    warmUpSeconds: usual.warmUpSeconds,
    rounds: whole(values.rounds ?? usual.rounds, 'rounds'),
    only,
    databaseUrl: values['database-url'] ?? null,
    start: values.start,
    soakSeconds,
  };
}

/** The options; ends the process for --help and for what can't be read. */
export function readOptions(args: string[]): Options {
  try {
    const options = read(args);
    if (options !== null) return options;
    console.log(HELP);
    return process.exit(0);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!(error instanceof UsageError) && !code?.startsWith('ERR_PARSE_ARGS')) throw error;
    console.error(message);
    return process.exit(2);
  }
}
