import type { Settings } from '../settings.js';
import {
  command,
  flag,
  integer,
  keyPrefix,
  line,
  oneOf,
  path,
  semanticVersion,
  serverUrl,
  thumbprints,
  type Parser,
} from './parsers.js';

/** A setting as it is written: `--state-dir` on the line, MOORING_AGENT_STATE_DIR around it, `state_dir` in the file. */
export interface SettingRow<T> {
  /** The flag's name without dashes; the other two spellings follow from it, but for `key`. */
  readonly flag: string;
  /** The name in the file and, in capitals, in the environment, where it isn't the flag's. */
  readonly key?: string;
  /** The word for the value in the help; a switch has none. */
  readonly value?: string;
  readonly parser: Parser<T>;
  /** What happens without it, in words. */
  readonly otherwise: string;
  readonly help: string;
}

/** What the agent as a whole is set to. */
export const SETTINGS = {
  server: {
    flag: 'server',
    value: 'URL',
    parser: serverUrl,
    otherwise: 'the one activated at',
    help: "the license server's address",
  },
  product: {
    flag: 'product',
    value: 'CODE',
    parser: line("a product's code"),
    otherwise: 'any',
    help: 'refuse keys of other products',
  },
  keyPrefix: {
    flag: 'key-prefix',
    value: 'PREFIX',
    parser: keyPrefix,
    otherwise: "the key's own",
    help: 'what keys begin with, so that a typo in it shows before the server is asked',
  },
  version: {
    flag: 'panel-version',
    key: 'version',
    value: 'VERSION',
    parser: semanticVersion,
    otherwise: 'none',
    help: 'the version that the panel runs',
  },
  versionFile: {
    flag: 'version-file',
    value: 'FILE',
    parser: path,
    otherwise: 'none',
    help: 'a file that holds that version, read anew each time; goes before it',
  },
  channel: {
    flag: 'channel',
    value: 'CHANNEL',
    parser: oneOf(['stable', 'beta', 'alpha']),
    otherwise: 'stable',
    help: 'which releases to offer',
  },
  stateDir: {
    flag: 'state-dir',
    value: 'DIR',
    parser: path,
    otherwise: '`$STATE_DIRECTORY`, as root `/var/lib/mooring-agent`, else `~/.local/state/mooring-agent`',
    help: 'where the license, its lease and the pinned keys are kept',
  },
  seedFile: {
    flag: 'seed-file',
    value: 'FILE',
    parser: path,
    otherwise: '`hardware-seed` in the state folder, if there',
    help: 'what tells this installation from its copies',
  },
  trustedKeys: {
    flag: 'trusted-keys',
    value: 'KIDS',
    parser: thumbprints,
    otherwise: 'those published at activation',
    help: "ids (RFC 7638) of the vendor's signing keys, separated by commas",
  },
  insecureHttp: {
    flag: 'insecure-http',
    parser: flag,
    otherwise: 'false',
    help: 'let the key travel over plain HTTP to another machine',
  },
  downloadDir: {
    flag: 'download-dir',
    value: 'DIR',
    parser: path,
    otherwise: '`updates` in the state folder',
    help: 'where updates are downloaded to',
  },
  updateHook: {
    flag: 'update-hook',
    value: 'COMMAND',
    parser: command,
    otherwise: 'only download',
    help: 'the program that installs a downloaded file; with arguments as a JSON array',
  },
  updateHookTimeout: {
    flag: 'update-hook-timeout',
    value: 'SECONDS',
    parser: integer(1, 86_400),
    otherwise: '600',
    help: 'how long it may take',
  },
  platform: {
    flag: 'platform',
    value: 'NAME',
    parser: line("a platform's name"),
    otherwise: "this machine's",
    help: 'the platform that updates are for: linux, darwin, win32',
  },
  arch: {
    flag: 'arch',
    value: 'NAME',
    parser: line("an architecture's name"),
    otherwise: "this machine's",
    help: 'their architecture: x64, arm64',
  },
  hostname: {
    flag: 'hostname',
    value: 'NAME',
    parser: line("a machine's name"),
    otherwise: "this machine's",
    help: 'the name under which the vendor sees this machine',
  },
} as const satisfies { readonly [K in keyof Settings]: SettingRow<NonNullable<Settings[K]>> };

/** What `serve` alone listens to; the flags are its own, the file and the environment are shared. */
export interface ServeSettings {
  readonly port: number;
  readonly host: string;
  /** Null: `panel-token` in the state folder. */
  readonly tokenFile: string | null;
}

export const SERVE_SETTINGS = {
  port: {
    flag: 'port',
    value: 'PORT',
    parser: integer(0, 65_535),
    otherwise: '3082',
    help: 'where to listen; 0 takes a free one',
  },
  host: {
    flag: 'host',
    value: 'ADDRESS',
    parser: line('an address'),
    otherwise: '127.0.0.1',
    help: 'the address to listen on',
  },
  tokenFile: {
    flag: 'token-file',
    value: 'FILE',
    parser: path,
    otherwise: '`panel-token` in the state folder',
    help: 'where the token that callers must send is kept',
  },
} as const satisfies { readonly [K in keyof ServeSettings]: SettingRow<NonNullable<ServeSettings[K]>> };

export const keyOf = ({ flag: name, key }: { flag: string; key?: string }): string =>
  key ?? name.replaceAll('-', '_');

export const environmentNameOf = (row: { flag: string; key?: string }): string =>
  `MOORING_AGENT_${keyOf(row).toUpperCase()}`;

/** The option as commander and the help want it: `--state-dir <DIR>`. */
export const optionOf = ({ flag: name, value }: { flag: string; value?: string }): string =>
  value === undefined ? `--${name}` : `--${name} <${value}>`;
