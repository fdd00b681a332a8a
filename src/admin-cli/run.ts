import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Clock } from '../clock.js';
import type { Config } from '../config.js';
import { defaultDataDir, layout } from '../database/embedded/data-folder.js';
import { openDatabase } from '../database/open.js';
import { StartupError } from '../startup-error.js';
import { createKeyCommand } from './api-keys.js';
import { parserOptions, type Command, type Given } from './command.js';
import { rotateMasterKeyCommand } from './master-key.js';
import { listKeysCommand, rotateSigningKeyCommand } from './signing-keys.js';
import { verifyAuditCommand } from './verify-audit.js';
import { createUserCommand, resetPasswordCommand } from './users.js';

export const COMMANDS = {
  'create-user': createUserCommand,
  'reset-password': resetPasswordCommand,
  'create-key': createKeyCommand,
  'list-keys': listKeysCommand,
  'rotate-signing-key': rotateSigningKeyCommand,
  'rotate-master-key': rotateMasterKeyCommand,
  'verify-audit': verifyAuditCommand,
} as const satisfies Record<string, Command>;

const isCommand = (name: string | undefined): name is keyof typeof COMMANDS =>
  name !== undefined && Object.hasOwn(COMMANDS, name);

export interface Terminal {
  readonly loadConfig: () => Config;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** For whoever watches; what is said is for whoever reads on. */
  readonly complain: (line: string) => void;
}

function helpOf(name: string, { options, help }: Command): string[] {
  const flags = Object.entries(options);
  return [
    [name, ...flags.map(([flag, { value }]) => `[--${flag} ${value}]`)].join('  '),
    ...help.map((line) => `    ${line}`),
    ...flags.map(([flag, { value, help: about }]) => `      --${flag} ${value}: ${about}`),
    '',
  ];
}

export const HELP: readonly string[] = [
  'npm run admin -- <command> [options]',
  '',
  'Works on the database that the settings name, beside the running service or without it.',
  '',
  ...Object.entries<Command>(COMMANDS).flatMap(([name, command]) => helpOf(name, command)),
];

/** A command in the wrong folder must not find a new and empty database there and work on that. */
function refuseEmptyFolder({ DATABASE_URL, DATA_DIR }: Config): void {
  if (DATABASE_URL !== null) return;
  const { home, cluster } = layout(DATA_DIR ?? defaultDataDir());
  if (existsSync(cluster)) return;
  throw new StartupError(`There is no database in ${home}: start the service once, or set DATA_DIR.`);
}

/**
 * `--flag value` as `--flag=value`: a key's id may begin with a dash, and would be taken for another flag. What is written
 * like a flag of the command stays one, so that a flag without its value is noticed.
 */
function joined(args: readonly string[], command: Command): string[] {
  const flags = new Set(['help', ...Object.keys(command.options)].map((flag) => `--${flag}`));
  const isFlag = (arg: string) => flags.has(arg.split('=', 1)[0] ?? '');
  const [arg, value, ...rest] = args;
  if (arg === undefined) return [];
  const takesIt = arg !== '--help' && flags.has(arg) && value !== undefined && !isFlag(value);
  return takesIt ? [`${arg}=${value}`, ...joined(rest, command)] : [arg, ...joined(args.slice(1), command)];
}

/** Null for a call that can't be understood. */
function read(args: readonly string[]): { command: Command; given: Given } | 'help' | null {
  const [name, ...rest] = args;
  if (name === '--help' || name === 'help') return 'help';
  if (!isCommand(name)) return null;
  const command: Command = COMMANDS[name];
  try {
    const { values } = parseArgs({
      args: joined(rest, command),
      options: parserOptions(command),
      strict: true,
    });
    return values.help === true ? 'help' : { command, given: values as Given };
  } catch {
    return null;
  }
}

/** Runs one command; answers the exit code: 0, 1 for a refusal, 2 for a call that can't be understood. */
export async function runAdmin(
  args: readonly string[],
  { loadConfig, clock, say, complain }: Terminal,
): Promise<number> {
  const asked = read(args);
  if (asked === null || asked === 'help') {
    for (const line of HELP) (asked === null ? complain : say)(line);
    return asked === null ? 2 : 0;
  }
  try {
    const config = loadConfig();
    refuseEmptyFolder(config);
    const database = await openDatabase(
      { url: config.DATABASE_URL, dataDir: config.DATA_DIR, poolSize: 3 },
      { log: complain, attach: true },
    );
    try {
      await asked.command.run({ config, database, clock, say, mention: complain }, asked.given);
    } finally {
      await database.stop();
    }
    return 0;
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    complain(error.message);
    return 1;
  }
}
