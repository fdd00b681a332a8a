import { flawOf, type Machine } from './machine-id.js';

/**
 * What a hardware id was made of. Once a license is activated its recipe is kept, so that a file that appears later,
 * or a container that is told apart differently, never changes the answer.
 */
export type Recipe = 'machine-id' | 'machine-id+seed' | 'seed';

/** What each recipe takes. */
export const INGREDIENTS = {
  'machine-id': { machineId: true, seed: false },
  'machine-id+seed': { machineId: true, seed: true },
  seed: { machineId: false, seed: true },
} as const satisfies Record<Recipe, { readonly machineId: boolean; readonly seed: boolean }>;

export interface Seed {
  readonly file: string;
  /** Whether somebody named the file; otherwise it is the default one in the state folder. */
  readonly isConfigured: boolean;
  readonly isThere: boolean;
  /** A sentence about why the file is no good; null: it is good, or not there. */
  readonly trouble: string | null;
  /** Whether the file will be gone with the container, or after a restart. */
  readonly isShortLived: boolean;
}

/** How a hardware id is made; or why none can be, and what to do. */
export type Choice =
  | { readonly recipe: Recipe; readonly problem: null; readonly because: readonly string[] }
  | { readonly recipe: null; readonly problem: string; readonly because: readonly string[] };

const chosen = (recipe: Recipe, because: readonly string[]): Choice => ({ recipe, problem: null, because });
const impossible = (problem: string, because: readonly string[]): Choice => ({
  recipe: null,
  problem,
  because,
});

/** The recipe for a machine on which no license has been activated yet. */
export function chooseRecipe(machine: Machine, seed: Seed): Choice {
  const because = [...aboutMachine(machine), ...aboutSeed(seed)];
  if (seed.trouble !== null) return impossible(seed.trouble, because);
  // Without its volume a container would quietly become another machine, so a file that was named has to be there.
  if (seed.isConfigured && !seed.isThere) {
    return impossible(
      `The seed file ${seed.file} is not there. Mount the volume that it is on; for a new installation, ${askForSeed(machine, seed)}`,
      because,
    );
  }
  const flaw = flawOf(machine);
  if (flaw === null && seed.isThere) {
    return chosen('machine-id+seed', [...because, 'The hardware id is made of the machine id and the seed.']);
  }
  if (flaw === null) return chosen('machine-id', [...because, 'The hardware id is made of the machine id.']);
  if (seed.isThere) return chosen('seed', [...because, 'The hardware id is made of the seed alone.']);
  return impossible(
    `${flaw.sentence} To tell this installation from others, ${askForSeed(machine, seed)}`,
    because,
  );
}

const KEPT = {
  'machine-id': 'The license was activated with the machine id, so the hardware id is made of it.',
  'machine-id+seed':
    'The license was activated with the machine id and the seed, so the hardware id is made of both.',
  seed: 'The license was activated with the seed alone, so the hardware id is made of it.',
} as const satisfies Record<Recipe, string>;

/**
 * The recipe that a license was activated by, as long as it can still be followed; `machine` is null where it takes none.
 * A doubt that came later is no reason to leave it: that would change the answer.
 */
export function keepRecipe(recipe: Recipe, machine: Machine | null, seed: Seed): Choice {
  const takesSeed = INGREDIENTS[recipe].seed;
  const because = [
    ...(machine === null ? [] : aboutMachine(machine)),
    ...(takesSeed ? aboutSeed(seed) : aboutIdleSeed(seed)),
  ];
  if (takesSeed && seed.trouble !== null) return impossible(seed.trouble, because);
  if (takesSeed && !seed.isThere) {
    return impossible(
      `The license was activated with the seed file ${seed.file}, which is not there. Mount the volume that it is on, or restore it from a backup; with a new seed this is another installation, to be activated anew.`,
      because,
    );
  }
  const flaw = machine === null ? null : flawOf(machine);
  if (flaw?.isFatal) {
    return impossible(
      `The license was activated with the machine id of this system. ${flaw.sentence} Restore it, or activate the license again with \`mooring-agent activate KEY\`.`,
      because,
    );
  }
  return chosen(recipe, [...because, KEPT[recipe]]);
}

/** How to get a seed that lasts. */
function askForSeed({ container }: Machine, { file }: Seed): string {
  const command = 'make a seed with `mooring-agent hardware-id --create-seed`, which writes';
  return container?.kind === 'application'
    ? `${command} ${file}. That has to be on a volume that lives as long as the installation; \`--seed-file FILE\` names another place.`
    : `${command} ${file}.`;
}

function aboutMachine(machine: Machine): string[] {
  const { id, container } = machine;
  const flaw = flawOf(machine);
  const sentences = [
    aboutContainer(container),
    flaw?.sentence ?? `The machine id is from ${id.from}, and nothing speaks against it.`,
  ];
  if (flaw === null && container?.kind === 'application') {
    sentences.push(
      `${id.from} is mounted into the container: all containers that share it count as one machine, unless each has a seed file of its own.`,
    );
  }
  return sentences;
}

function aboutContainer(container: Machine['container']): string {
  if (container === null) return 'There is no sign of a container.';
  return container.kind === 'system'
    ? `This is a system container (${container.name}), which has a machine id of its own.`
    : `This is a container (${container.name}).`;
}

function aboutSeed({ file, isConfigured, isThere, isShortLived }: Seed): string[] {
  if (!isThere) {
    return [isConfigured ? `There is no file ${file}, which is to hold the seed.` : 'There is no seed file.'];
  }
  const sentences = [`There is a seed file, ${file}.`];
  if (isShortLived) {
    sentences.push(
      `${file} is not on a volume: it goes when the container does, and the hardware id with it.`,
    );
  }
  return sentences;
}

/** Whoever makes a seed for a machine that is licensed already would wonder why nothing changes. */
function aboutIdleSeed({ file, isThere }: Seed): string[] {
  return isThere ? [`${file} is not used: the license was activated without a seed.`] : [];
}
