import type { Mount } from './mounts.js';

/**
 * What the agent runs in. An application container (Docker, Kubernetes) is made anew from its image at any time; a system
 * container (LXC, systemd-nspawn) lives like a machine and has an id of its own.
 */
export interface Container {
  /** `docker`, `podman`, `kubernetes`, `lxc` and so on. */
  readonly name: string;
  readonly kind: 'application' | 'system';
}

/** What can be seen from inside. */
export interface ContainerSigns {
  /** Whether /.dockerenv is there. */
  readonly hasDockerEnv: boolean;
  /** Whether /run/.containerenv is there. */
  readonly hasContainerEnv: boolean;
  /** Whether Kubernetes has mounted its service account. */
  readonly hasServiceAccount: boolean;
  /** What the container's manager calls itself: `$container` of the first process, or /run/systemd/container. */
  readonly manager: string | null;
  /** /proc/1/cgroup. */
  readonly cgroup: string;
  readonly mounts: readonly Mount[];
}

/** Those that boot a whole system; whatever else sets `$container` runs a program from an image. */
const SYSTEM_MANAGERS = new Set(['lxc', 'lxc-libvirt', 'systemd-nspawn', 'openvz', 'wsl']);

/**
 * A container's control group tells its manager, unless the container has a cgroup namespace of its own. The ids are asked
 * for, because a machine may be called `docker`.
 */
const BY_CGROUP = [
  [/kubepods/, 'kubernetes', 'application'],
  [/libpod[-_](conmon-)?[0-9a-f]{12}/, 'podman', 'application'],
  [/[/-]docker[-/][0-9a-f]{12}/, 'docker', 'application'],
  [/\/ecs\/[^/]+\/[0-9a-f]{12}/, 'ecs', 'application'],
  [/(containerd|crio?)[^\n]*[0-9a-f]{32}/, 'containerd', 'application'],
  [/\/lxc(\.payload|\/)/, 'lxc', 'system'],
] as const satisfies readonly (readonly [RegExp, string, Container['kind']])[];

/** The files that each manager mounts into a container, and where on the host it keeps them. */
const NETWORK_FILES = new Set(['/etc/hosts', '/etc/hostname', '/etc/resolv.conf']);
const BY_MOUNT = [
  [/\/(kubelet|kubernetes)\//, 'kubernetes'],
  [/\/overlay-containers\//, 'podman'],
  [/\/docker\/|\/containers\/[0-9a-f]{64}\//, 'docker'],
  [/containerd|nerdctl/, 'containerd'],
] as const satisfies readonly (readonly [RegExp, string])[];

const application = (name: string): Container => ({ name, kind: 'application' });

/**
 * The container that the signs speak of; null: none. A file that a manager of application containers leaves behind goes
 * before what else is said, since what was once made from an image has that image's machine id.
 */
export function containerFrom(signs: ContainerSigns): Container | null {
  if (signs.hasServiceAccount) return application('kubernetes');
  if (signs.hasContainerEnv) return application('podman');
  if (signs.hasDockerEnv) return application('docker');
  if (signs.manager !== null) {
    const kind = SYSTEM_MANAGERS.has(signs.manager) ? 'system' : 'application';
    return { name: signs.manager, kind };
  }
  for (const [pattern, name, kind] of BY_CGROUP) {
    if (pattern.test(signs.cgroup)) return { name, kind };
  }
  for (const mount of signs.mounts) {
    if (!NETWORK_FILES.has(mount.point)) continue;
    const found = BY_MOUNT.find(([pattern]) => pattern.test(mount.root));
    if (found) return application(found[1]);
  }
  return null;
}
