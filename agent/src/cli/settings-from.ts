import { settings } from '../default-settings.js';
import { AgentFault } from '../errors.js';
import { safeAddress } from '../server/address.js';
import type { Settings } from '../settings.js';
import { readConfigFile } from './config-file.js';
import { defaultConfigFile, defaultStateDir } from './default-places.js';
import {
  CONFIG_VARIABLE,
  fromEnvironment,
  refuseUnknownKeys,
  refuseUnknownVariables,
} from './known-names.js';
import type { Parser } from './parsers.js';
import { SERVE_SETTINGS, SETTINGS, environmentNameOf, keyOf, type ServeSettings } from './settings-table.js';
import { dirname, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** What was written on the command line, by the flag's name; `config` names the file. */
export type Flags = Readonly<Record<string, unknown>>;

interface Row {
  readonly flag: string;
  readonly key?: string;
  readonly parser: Parser<unknown>;
}

const ROWS: readonly (readonly [string, Row])[] = [
  ...Object.entries(SETTINGS),
  ...Object.entries(SERVE_SETTINGS),
];

/** All that the command line is set to. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly serve: ServeSettings;
}

/**
 * Flags go before the environment, that before the file, and that before the defaults. Whatever is unknown or not
 * understood ends the command: a typo that is passed over would run a panel on settings nobody chose.
 */
export function settingsFrom(flags: Flags = {}, environment: Environment = process.env): ReadSettings {
  const file = fileOf(flags, environment);
  refuseUnknownVariables(environment);
  if (file !== null) refuseUnknownKeys(file.name, file.content);
  const given: Record<string, unknown> = {};
  for (const [name, row] of ROWS) {
    const value = find(row, flags, environment, file);
    if (value !== undefined) given[name] = value;
  }
  const {
    port = 3082,
    host = '127.0.0.1',
    tokenFile = null,
    ...rest
  } = given as Partial<ServeSettings & Settings>;
  const read = settings({ ...rest, stateDir: rest.stateDir ?? stateDirOf(environment) });
  if (read.server !== null) safeAddress(read.server, read.insecureHttp);
  return { settings: read, serve: { port, host, tokenFile } };
}

function stateDirOf(environment: Environment): string {
  const folder = defaultStateDir(environment);
  if (folder !== null) return folder;
  throw new AgentFault(
    'USAGE',
    'This user has no home folder to keep the state in: name one with --state-dir.',
  );
}

interface ConfigFile {
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>>;
}

function fileOf(flags: Flags, environment: Environment): ConfigFile | null {
  const asked = (flags.config as string | undefined) ?? fromEnvironment(environment, CONFIG_VARIABLE);
  const place = asked ?? defaultConfigFile(environment);
  if (place === null) return null;
  const name = resolve(place);
  const content = readConfigFile(name, asked !== undefined);
  return content === null ? null : { name, content };
}

/** `undefined`: nobody has set it. */
function find(row: Row, flags: Flags, environment: Environment, file: ConfigFile | null): unknown {
  const { [row.flag]: flagged } = flags;
  if (flagged !== undefined) return parsed(row, flagged, `--${row.flag}`, process.cwd());
  const variable = environmentNameOf(row);
  const around = fromEnvironment(environment, variable);
  if (around !== undefined) return parsed(row, around, variable, process.cwd());
  const written = file?.content[keyOf(row)];
  if (file === null || written === undefined || written === null) return undefined;
  return parsed(row, written, `\`${keyOf(row)}\` in ${file.name}`, dirname(file.name));
}

function parsed({ parser }: Row, written: unknown, where: string, folder: string): unknown {
  const value = parser.parse(written, { folder });
  if (value !== undefined) return value;
  // The value stays out of the sentence: an address may hold a password.
  throw new AgentFault('USAGE', `The setting ${where} must be ${parser.expects}.`);
}
