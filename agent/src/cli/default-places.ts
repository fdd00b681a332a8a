import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

const isRoot = (): boolean => process.getuid?.() === 0;

/** The XDG rules: what is not absolute is as good as not set. */
const below = (base: string | undefined, otherwise: string): string =>
  base !== undefined && isAbsolute(base) ? base : join(homedir(), otherwise);

/** Where the agent keeps what it knows, when nobody says; systemd says it in STATE_DIRECTORY. */
export function defaultStateDir(environment: Environment): string {
  const [given = ''] = (environment.STATE_DIRECTORY ?? '').split(':');
  if (isAbsolute(given)) return given;
  if (isRoot()) return '/var/lib/mooring-agent';
  return join(below(environment.XDG_STATE_HOME, '.local/state'), 'mooring-agent');
}

/** Where the settings are looked for, when nobody says. */
export function defaultConfigFile(environment: Environment): string {
  if (isRoot()) return '/etc/mooring-agent.json';
  return join(below(environment.XDG_CONFIG_HOME, '.config'), 'mooring-agent.json');
}
