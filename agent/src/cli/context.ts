import type { Agent } from '../agent.js';
import type { Reply } from './reply.js';
import type { ReadSettings } from './settings-from.js';

/** What a command is given to work with. */
export interface Context {
  /** Whether a program reads the answer. */
  readonly json: boolean;
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  read(): ReadSettings;
  agent(): Promise<Agent>;
  /** For a command that goes on after it has answered. */
  print(reply: Reply): Promise<void>;
  /** Progress and hints, on standard error; nothing with `--json`. */
  say(text: string): Promise<void>;
}

export type Options = Readonly<Record<string, unknown>>;

/** Null: it has answered already. */
export type Run = (
  context: Context,
  args: readonly (string | undefined)[],
  options: Options,
) => Promise<Reply | null>;

/** A command's module: loaded when it is called, so that no command waits for what only others need. */
export interface CommandModule {
  readonly run: Run;
}
