import { realpath } from 'node:fs/promises';
import type { MachineId } from '../domain/machine-id.js';
import { isInMemory, mountOf, type Mount } from '../domain/mounts.js';
import { systemCode } from '../errors.js';
import { NOT_A_FILE, readBounded, type BoundedText } from './bounded-read.js';
import type { Surroundings } from './surroundings.js';

/** The files that node-machine-id asks on Linux, in its order. */
const FILES = ['/var/lib/dbus/machine-id', '/etc/machine-id'] as const;
const LIMIT = 4096;

const NAMES: Readonly<Record<string, string>> = {
  darwin: 'the I/O Registry of macOS',
  win32: 'the registry of Windows',
  freebsd: 'the kernel of FreeBSD',
};

const none = (trouble: string, from: string): MachineId => ({
  value: null,
  from,
  trouble,
  isMounted: false,
  isInMemory: false,
});

/** The id of the machine that this runs on. On Linux no process is started for it. */
export async function readMachineId({ mounts }: Surroundings): Promise<MachineId> {
  return process.platform === 'linux' ? readIdFiles(FILES, mounts) : askSystem();
}

/** What node-machine-id says, in clear; null where it can't. Its `machineId` would throw where nobody can catch it. */
export async function askNodeMachineId(): Promise<string | null> {
  try {
    const { default: nodeMachineId } = await import('node-machine-id');
    return nodeMachineId.machineIdSync(true);
  } catch {
    return null;
  }
}

async function askSystem(): Promise<MachineId> {
  const from = NAMES[process.platform] ?? 'the system';
  const value = await askNodeMachineId();
  if (!value) return none(`There is no machine id to be had from ${from}.`, from);
  return { value, from, trouble: null, isMounted: false, isInMemory: false };
}

/**
 * The first line of both files together, as node-machine-id has it. It falls back to the host name without saying so, and
 * appends it to an id whose line does not end; so the files are read here, and no more than their ids is believed.
 */
export async function readIdFiles(files: readonly string[], mounts: readonly Mount[]): Promise<MachineId> {
  for (const file of files) {
    let found: BoundedText | null;
    try {
      found = await readBounded(file, LIMIT);
    } catch (error) {
      if (systemCode(error) === NOT_A_FILE) return none(`${file} is not an ordinary file.`, file);
      // `cat` passes over what it may not read, too.
      continue;
    }
    if (found === null || found.text === '') continue;
    const end = found.text.indexOf('\n');
    if (end < 0) {
      return none(`The line in ${file} has no end, so that other programs would add something to it.`, file);
    }
    const value = found.text.slice(0, end).replace(/\s+/g, '').toLowerCase();
    if (value === '') return none(`${file} begins with an empty line.`, file);
    const path = await realpath(file);
    const mount = mountOf(path, mounts);
    return {
      value,
      from: file,
      trouble: null,
      isMounted: mount?.point === path,
      isInMemory: isInMemory(mount),
    };
  }
  const places = files.join(' nor ');
  return none(`This system has no machine id: neither ${places} holds one.`, places);
}
