import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import machineId from 'node-machine-id';

export interface Machine {
  readonly name: string;
  /** 64 hexadecimal characters. */
  readonly hardwareId: string;
  /** Where the hardware id comes from. */
  readonly source: string;
}

/** The system's own id, in clear; empty where it has none. node-machine-id answers the host name then, if it finds one. */
function systemId(): string {
  try {
    const id = machineId.machineIdSync(true);
    return id === hostname().toLowerCase() ? '' : id;
  } catch {
    return '';
  }
}

/** The machine that this runs on. Containers often have no machine id: their host name has to do. */
export function thisMachine(): Machine {
  const name = hostname();
  return systemId() === ''
    ? { name, hardwareId: hash('sha256', name), source: 'no machine id here: the hash of the host name' }
    : { name, hardwareId: machineId.machineIdSync(), source: 'from node-machine-id' };
}

/** Another machine, as far as a license service can tell. */
export const anotherMachine = ({ name, hardwareId }: Machine): Machine => ({
  name: `${name}-2`,
  hardwareId: hash('sha256', `${hardwareId}, the second`),
  source: 'made up',
});
