import { access } from 'node:fs/promises';
import { containerFrom, type Container } from '../domain/container.js';
import { parseMounts, type Mount } from '../domain/mounts.js';
import { readHint } from './bounded-read.js';

/** A machine with many containers has thousands of mounts; its own machine id is among the first of them. */
const MOUNTS_LIMIT = 1024 * 1024;
const HINT_LIMIT = 64 * 1024;

/** What Linux says of the place that the agent runs in. */
export interface Surroundings {
  readonly container: Container | null;
  readonly mounts: readonly Mount[];
}

const exists = async (path: string): Promise<boolean> => {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
};

/** What the container's manager calls itself. The first process's environment is for root alone, systemd's file for all. */
async function manager(): Promise<string | null> {
  const [told, environment] = await Promise.all([
    readHint('/run/systemd/container', HINT_LIMIT),
    readHint('/proc/1/environ', HINT_LIMIT),
  ]);
  const variable = environment.split('\0').find((entry) => entry.startsWith('container='));
  const name = told.trim() || (variable?.slice('container='.length).trim() ?? '');
  // It is printed, so it is taken for a name only if it looks like one.
  return /^[\w.-]{1,32}$/.test(name) ? name : null;
}

/** Looks around, without starting a process. Whatever can't be read speaks for nothing. */
export async function lookAround(): Promise<Surroundings> {
  if (process.platform !== 'linux') return { container: null, mounts: [] };
  const [hasDockerEnv, hasContainerEnv, hasServiceAccount, name, cgroup, mountinfo] = await Promise.all([
    exists('/.dockerenv'),
    exists('/run/.containerenv'),
    exists('/var/run/secrets/kubernetes.io/serviceaccount'),
    manager(),
    readHint('/proc/1/cgroup', HINT_LIMIT),
    readHint('/proc/self/mountinfo', MOUNTS_LIMIT),
  ]);
  const mounts = parseMounts(mountinfo);
  const signs = { hasDockerEnv, hasContainerEnv, hasServiceAccount, manager: name, cgroup, mounts };
  return { container: containerFrom(signs), mounts };
}
