import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

const isRoot = (): boolean => process.getuid?.() === 0;

/** Null for a user who has no entry among the users, as in many containers, while HOME isn't set either. */
function home(): string | null {
  try {
    return homedir();
  } catch {
    return null;
  }
}

/** The XDG rules: what is not absolute is as good as not set. */
function below(base: string | undefined, otherwise: string): string | null {
  if (base !== undefined && isAbsolute(base)) return join(base, 'mooring-agent');
  const folder = home();
  return folder === null ? null : join(folder, otherwise, 'mooring-agent');
}

/** Where the agent keeps what it knows, when nobody says; systemd says it in STATE_DIRECTORY. Null: there is no such place. */
export function defaultStateDir(environment: Environment): string | null {
  const [given = ''] = (environment.STATE_DIRECTORY ?? '').split(':');
  if (isAbsolute(given)) return given;
  if (isRoot()) return '/var/lib/mooring-agent';
  return below(environment.XDG_STATE_HOME, '.local/state');
}

/** Where the settings are looked for, when nobody says. Null: there is no such place. */
export function defaultConfigFile(environment: Environment): string | null {
  if (isRoot()) return '/etc/mooring-agent.json';
  const name = below(environment.XDG_CONFIG_HOME, '.config');
  return name === null ? null : `${name}.json`;
}
