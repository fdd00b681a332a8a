/** A line of /proc/self/mountinfo. */
export interface Mount {
  /** Where it is seen. */
  readonly point: string;
  /** What part of its file system is seen there: a path on the host, for a file that is mounted into a container. */
  readonly root: string;
  readonly type: string;
}

/** The kernel writes a blank, a tab, a line feed and a backslash of a path in octal. */
const unescape = (path: string): string =>
  path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Reads /proc/self/mountinfo, see proc(5). Optional fields stand before the dash, so the type is counted from there. */
export function parseMounts(mountinfo: string): Mount[] {
  const mounts: Mount[] = [];
  for (const line of mountinfo.split('\n')) {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    const [root, point, type] = [fields[3], fields[4], fields[dash + 1]];
    if (dash > 0 && root && point && type) {
      mounts.push({ root: unescape(root), point: unescape(point), type });
    }
  }
  return mounts;
}

/** The mount that a path lies on: the deepest, and of those on one point the last, which hides the others. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | null {
  let found: Mount | null = null;
  for (const mount of mounts) {
    const prefix = mount.point.endsWith('/') ? mount.point : `${mount.point}/`;
    const covers = path === mount.point || path.startsWith(prefix);
    if (covers && mount.point.length >= (found?.point.length ?? 0)) found = mount;
  }
  return found;
}

/** Whether what lies on it is gone after a restart of the machine. */
export const isInMemory = (mount: Mount | null): boolean =>
  mount?.type === 'tmpfs' || mount?.type === 'ramfs';
