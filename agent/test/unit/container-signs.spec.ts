import { containerFrom, type ContainerSigns } from '../../src/domain/container.js';
import { isInMemory, mountOf, parseMounts } from '../../src/domain/mounts.js';

const NO_SIGN: ContainerSigns = {
  hasDockerEnv: false,
  hasContainerEnv: false,
  hasServiceAccount: false,
  manager: null,
  cgroup: '0::/init.scope\n',
  mounts: [],
};
const HASH = '4e1f'.repeat(16);
const mounted = (root: string, point = '/etc/hosts') => ({ mounts: [{ point, root, type: 'ext4' }] });

describe('A container shows', () => {
  it.each<[Partial<ContainerSigns>, string, 'application' | 'system']>([
    [{ hasDockerEnv: true }, 'docker', 'application'],
    [{ hasContainerEnv: true }, 'podman', 'application'],
    [{ hasServiceAccount: true, hasDockerEnv: true }, 'kubernetes', 'application'],
    [{ manager: 'podman' }, 'podman', 'application'],
    [{ manager: 'oci' }, 'oci', 'application'],
    [{ manager: 'lxc' }, 'lxc', 'system'],
    [{ manager: 'systemd-nspawn' }, 'systemd-nspawn', 'system'],
    // Made of a container's image, whatever runs it now.
    [{ manager: 'lxc', hasDockerEnv: true }, 'docker', 'application'],
    [{ cgroup: `12:pids:/docker/${HASH}\n` }, 'docker', 'application'],
    [{ cgroup: `0::/system.slice/docker-${HASH}.scope\n` }, 'docker', 'application'],
    [{ cgroup: `0::/machine.slice/libpod-${HASH}.scope\n` }, 'podman', 'application'],
    [
      { cgroup: `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${HASH}.scope\n` },
      'kubernetes',
      'application',
    ],
    [{ cgroup: `0::/system.slice/containerd.service/${HASH}\n` }, 'containerd', 'application'],
    [{ cgroup: `3:cpu:/ecs/5f2b/${HASH}\n` }, 'ecs', 'application'],
    [{ cgroup: '1:name=systemd:/lxc/docker/init.scope\n' }, 'lxc', 'system'],
    [{ cgroup: `1:name=systemd:/lxc/101/docker/${HASH}\n` }, 'docker', 'application'],
    [{ cgroup: '1:name=systemd:/lxc/panel\n' }, 'lxc', 'system'],
    [{ cgroup: '0::/lxc.payload.panel/init.scope\n' }, 'lxc', 'system'],
    // With a cgroup namespace of its own, as is usual by now.
    [{ cgroup: '0::/\n', ...mounted(`/var/lib/docker/containers/${HASH}/hosts`) }, 'docker', 'application'],
    [mounted('/var/lib/kubelet/pods/1/etc-hosts'), 'kubernetes', 'application'],
    [
      mounted(`/containers/overlay-containers/${HASH}/userdata/hostname`, '/etc/hostname'),
      'podman',
      'application',
    ],
    [mounted('/var/lib/containerd/sandboxes/1/resolv.conf', '/etc/resolv.conf'), 'containerd', 'application'],
  ])('%j: %s, %s', (signs, name, kind) => {
    expect(containerFrom({ ...NO_SIGN, ...signs })).toEqual({ name, kind });
  });

  it.each<[string, Partial<ContainerSigns>]>([
    ['nothing', {}],
    ['control groups of a machine', { cgroup: '0::/user.slice/user-1000.slice/session-3.scope\n' }],
    ['a host of containers', mounted(`/var/lib/docker/containers/${HASH}/hosts`, '/srv/backup/hosts')],
    ['a file of its own mounted', mounted('/persist/etc/hosts')],
  ])('nothing where there is %s', (_, signs) => {
    expect(containerFrom({ ...NO_SIGN, ...signs })).toBeNull();
  });
});

describe('The mounts of a process', () => {
  const mounts = parseMounts(
    [
      '22 1 254:0 / / rw,relatime shared:1 master:2 - overlay overlay rw',
      '30 22 8:1 /etc/machine-id /etc/machine-id ro - ext4 /dev/sda1 ro',
      '31 22 0:5 / /run rw - tmpfs tmpfs rw',
      '32 22 8:1 /my\\040files /srv/my\\040files rw - ext4 /dev/sda1 rw',
      '33 32 0:6 / /srv/my\\040files rw - ramfs none rw',
      'nonsense',
      '',
    ].join('\n'),
  );

  it('are read, with blanks in paths and optional fields, and nonsense is passed over', () => {
    expect(mounts).toHaveLength(5);
    expect(mounts[0]).toEqual({ root: '/', point: '/', type: 'overlay' });
    expect(mounts[3]).toEqual({ root: '/my files', point: '/srv/my files', type: 'ext4' });
  });

  it.each([
    ['/etc/machine-id', '/etc/machine-id', false],
    ['/etc/machine-id.bak', '/', false],
    ['/run/secrets/seed', '/run', true],
    ['/runner', '/', false],
    ['/srv/my files/seed', '/srv/my files', true],
  ])('tell what %s lies on: the deepest, and the last of two', (path, point, inMemory) => {
    const mount = mountOf(path, mounts);
    expect(mount?.point).toBe(point);
    expect(isInMemory(mount)).toBe(inMemory);
  });

  it('may be unknown', () => {
    expect(mountOf('/etc/machine-id', [])).toBeNull();
    expect(isInMemory(null)).toBe(false);
  });
});
