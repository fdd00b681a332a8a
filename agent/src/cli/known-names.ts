import { AgentFault } from '../errors.js';
import { SERVE_SETTINGS, SETTINGS, environmentNameOf, keyOf } from './settings-table.js';

type Environment = Readonly<Record<string, string | undefined>>;

export const CONFIG_VARIABLE = 'MOORING_AGENT_CONFIG';
const ROWS = [...Object.values(SETTINGS), ...Object.values(SERVE_SETTINGS)];
const KEYS = new Set(ROWS.map((row) => keyOf(row)));
const VARIABLES = new Set([CONFIG_VARIABLE, ...ROWS.map((row) => environmentNameOf(row))]);

/**
 * What Kubernetes puts around every container for a service that is called `mooring-agent`, or begins so. Nobody has
 * written these, so they are no typo.
 */
const SERVICE_LINK =
  /^MOORING_AGENT_(?:\w+_)?(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const PORT_LINK = /^(?:tcp|udp|sctp):\/\//;

const isServiceLink = (name: string, value: string): boolean =>
  SERVICE_LINK.test(name) || (/^MOORING_AGENT_(?:\w+_)?PORT$/.test(name) && PORT_LINK.test(value));

/** The value of a variable; undefined where nobody has set it. */
export function fromEnvironment(environment: Environment, name: string): string | undefined {
  const { [name]: value = '' } = environment;
  // An empty variable is how compose files and unit files leave one out.
  return value === '' || isServiceLink(name, value) ? undefined : value;
}

/** @throws AgentFault USAGE for a variable of ours that is none */
export function refuseUnknownVariables(environment: Environment): void {
  const unknown = Object.entries(environment).find(
    ([name, value = '']) =>
      name.startsWith('MOORING_AGENT_') && !VARIABLES.has(name) && !isServiceLink(name, value),
  );
  if (unknown === undefined) return;
  throw new AgentFault('USAGE', `There is no setting ${unknown[0]}. Known are ${[...VARIABLES].join(', ')}.`);
}

/** @throws AgentFault USAGE for a name in the settings file that is none */
export function refuseUnknownKeys(file: string, content: Readonly<Record<string, unknown>>): void {
  const unknown = Object.keys(content).find((name) => !KEYS.has(name));
  if (unknown === undefined) return;
  throw new AgentFault(
    'USAGE',
    `There is no setting \`${unknown}\`, as in ${file}. Known are ${[...KEYS].join(', ')}.`,
  );
}
