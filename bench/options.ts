import { parseArgs } from 'node:util';
import { SCENARIOS } from './scenarios.ts';

const HELP = `Usage: npm run bench -- [options]

Measures the service beside its limits, which get the same machine in turn: bare Fastify + pg executing the
same statements one a request, pgbench running the same transaction, nginx with the same files. One table on standard output, everything
in bench/results.json.

  --licenses N        licenses with a seat each; more than one, separated by commas, are measured
                      one after the other and compared              (100000)
  --connections N     connections kept busy, likewise, where a scenario has not its own (10,100)
  --seconds N         length of each run                            (8)
  --rounds N          runs of each side, of which the median counts (3)
  --only NAME         these scenarios alone, separated by commas
  --database-url URL  a PostgreSQL in which databases may be created, instead of the embedded one
  --quick             the main scenarios with 10,000 licenses, in two minutes
  --start             how long a first and a second start take to the first answer, and nothing else
  --soak SECONDS      phone-homes for so long, a tenth of the leases due every ten seconds: whether memory
                      stays flat and under 200 MB, and nothing else
  --help

Scenarios:
${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(18)}  ${title}`).join('\n')}`;

export interface Options {
  readonly licenses: readonly number[];
  readonly connections: readonly number[];
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

class UsageError extends Error {}

const splitAll = (values: readonly string[]) => values.flatMap((value) => value.split(',')).filter(Boolean);

function positive(value: string, name: string): number {
  const number = Number(value.replaceAll('_', ''));
  if (!(number > 0)) throw new UsageError(`--${name} wants a number above zero, not ${value}.`);
  return number;
}

function whole(value: string, name: string): number {
  const number = positive(value, name);
  if (!Number.isInteger(number)) throw new UsageError(`--${name} wants a whole number, not ${value}.`);
  return number;
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
  const usual = values.quick ? QUICK : FULL;
  const wanted = SCENARIOS.filter(({ quickAt }) => quickAt.length > 0 || !values.quick);
  const only = values.only ? splitAll(values.only) : wanted.map(({ name }) => name);
  const known = new Set(SCENARIOS.map(({ name }) => name));
  const stranger = only.find((name) => !known.has(name));
  if (stranger !== undefined) throw new UsageError(`There is no scenario ${stranger}; --help lists them.`);
  return {
    licenses: splitAll(values.licenses ?? usual.licenses).map((value) => whole(value, 'licenses')),
    isQuick: values.quick,
    connections: splitAll(values.connections ?? ['10,100']).map((value) => whole(value, 'connections')),
    seconds: positive(values.seconds ?? usual.seconds, 'seconds'),
    warmUpSeconds: usual.warmUpSeconds,
    rounds: whole(values.rounds ?? usual.rounds, 'rounds'),
    only,
    databaseUrl: values['database-url'] ?? null,
    start: values.start,
    soakSeconds: values.soak === undefined ? null : positive(values.soak, 'soak'),
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
