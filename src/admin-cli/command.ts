import type { ParseArgsConfig } from 'node:util';
import type { Clock } from '../clock.js';
import type { Config } from '../config.js';
import type { OpenDatabase } from '../database/open.js';

/** What a command works on. */
export interface Workplace {
  readonly config: Config;
  readonly database: OpenDatabase;
  readonly clock: Clock;
  /** Writes a line of the result. */
  readonly say: (line: string) => void;
  /** Writes a line for whoever watches, beside the result. */
  readonly mention: (line: string) => void;
}

/** The options of one run by their long name; all that were given are texts. */
export type Given = Readonly<Record<string, string | undefined>>;

export interface Command {
  readonly options: Readonly<Record<string, { readonly value: string; readonly help: string }>>;
  readonly help: readonly string[];
  /** A StartupError is a refusal in one sentence. */
  readonly run: (place: Workplace, given: Given) => Promise<void>;
}

/** What `parseArgs` is told of a command: every option takes a value. */
export const parserOptions = ({ options }: Command): NonNullable<ParseArgsConfig['options']> => ({
  help: { type: 'boolean' },
  ...Object.fromEntries(Object.keys(options).map((name) => [name, { type: 'string' as const }])),
});
