import type { Container } from './container.js';
import { sharedBy } from './shared-ids.js';

/** What was found of the machine's own id. */
export interface MachineId {
  /** Lower-case, without blanks, as node-machine-id makes it; null: there is none. */
  readonly value: string | null;
  /** The file, or the part of the system, that it is from. */
  readonly from: string;
  /** A sentence about why there is none; null where there is one. */
  readonly trouble: string | null;
  /** Whether the file itself is mounted, and so is not of the container's image. */
  readonly isMounted: boolean;
  /** Whether the file is kept in memory. */
  readonly isInMemory: boolean;
}

/** The machine that the agent runs on, or what it takes for one. */
export interface Machine {
  readonly id: MachineId;
  readonly container: Container | null;
}

/** Why a machine id is no use. */
export interface Flaw {
  /** Whether there is no id at all to make a hardware id of; otherwise there is one, and others have it or it won't last. */
  readonly isFatal: boolean;
  readonly sentence: string;
}

/** 32 hexadecimal digits, or the same as a UUID. */
const MACHINE_ID = /^[0-9a-f]{32}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const fatal = (sentence: string): Flaw => ({ isFatal: true, sentence });
const doubtful = (sentence: string): Flaw => ({ isFatal: false, sentence });

/** What is wrong with a machine id; null: it tells this machine from all others. */
export function flawOf({ id, container }: Machine): Flaw | null {
  if (id.value === null) return fatal(id.trouble ?? `There is no machine id in ${id.from}.`);
  if (id.value === 'uninitialized') {
    return fatal(`${id.from} says \`uninitialized\`: the system has not given itself a machine id yet.`);
  }
  if (!MACHINE_ID.test(id.value)) return fatal(`What ${id.from} holds is not a machine id.`);
  const sharer = sharedBy(id.value);
  if (sharer !== null) return doubtful(`The machine id of ${id.from} is on many machines: it is ${sharer}.`);
  if (id.isInMemory)
    return doubtful(`${id.from} is kept in memory, and its id may be another after a restart.`);
  if (container?.kind === 'application' && !id.isMounted) {
    return doubtful(
      `${id.from} comes with the image of this ${container.name} container: every container of the image has the same, and a newer image another.`,
    );
  }
  return null;
}
