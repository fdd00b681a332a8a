/** The file of a release for one platform and architecture; null stands for any. */
export interface ArtifactFacts {
  readonly id: string;
  readonly platform: string | null;
  readonly arch: string | null;
}

/** The machine a file is wanted for; what it does not name is null or missing. */
export interface MachineRequest {
  readonly platform?: string | null;
  readonly arch?: string | null;
}

type Asked = string | null | undefined;

const serves = (asked: Asked, made: string | null): boolean => made === null || made === asked;
const mayServe = (asked: Asked, made: string | null): boolean =>
  (asked ?? null) === null || serves(asked, made);

/** The platform counts for more than the architecture: a binary for another system never runs. */
const closeness = ({ platform, arch }: ArtifactFacts): number =>
  (platform === null ? 0 : 2) + (arch === null ? 0 : 1);

/**
 * The file for a machine: the most closely made of those that serve it. What the machine leaves unnamed is served by
 * a file for any; failing that, by the only file that agrees with what it does name, since there is nothing to confuse
 * it with. Never by one of several: a guess would install the wrong binary.
 */
export function artifactFor<A extends ArtifactFacts>(
  artifacts: readonly A[],
  machine: MachineRequest,
): A | null {
  const [closest] = artifacts
    .filter(({ platform, arch }) => serves(machine.platform, platform) && serves(machine.arch, arch))
    .sort((a, b) => closeness(b) - closeness(a));
  if (closest !== undefined) return closest;
  const [only, ...others] = artifacts.filter(
    ({ platform, arch }) => mayServe(machine.platform, platform) && mayServe(machine.arch, arch),
  );
  return only === undefined || others.length > 0 ? null : only;
}
