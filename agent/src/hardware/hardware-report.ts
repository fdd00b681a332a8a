import { chooseRecipe, INGREDIENTS, keepRecipe, type Choice } from '../domain/hardware-choice.js';
import { digestOf } from '../domain/hardware-digest.js';
import type { Machine } from '../domain/machine-id.js';
import type { Hardware, Recipe } from './hardware.js';
import { askNodeMachineId, readMachineId } from './machine-id.js';
import { lookForSeed, type FoundSeed } from './seed.js';
import { lookAround } from './surroundings.js';

export interface HardwareOptions {
  /** The configured seed file, or the one in the state folder, which need not be there. */
  readonly seedFile: string;
  readonly isSeedConfigured: boolean;
  /** What the license was activated with; null: there is no license yet. */
  readonly recipe?: Recipe | null;
}

/** Who this machine is, and how that was found out; without the machine id and the seed themselves. */
export interface HardwareReport {
  /** Null: it cannot be told, see `problem`. */
  readonly hardware: Hardware | null;
  /** What is missing, and what to do. */
  readonly problem: string | null;
  /** Each step as a sentence. */
  readonly because: readonly string[];
  /** The kind of container that the agent runs in: `docker`, `lxc`; null: none is known of. */
  readonly container: string | null;
  /** The file or the part of the system that the machine id is from; null: the hardware id is not made of it. */
  readonly machineIdFrom: string | null;
  /** Null: the hardware id is not made of a seed. */
  readonly seedFile: string | null;
}

/**
 * Works out the hardware id. It reads a few small files; on Linux a process is started only until a license is activated,
 * elsewhere whenever the machine id is part of it. What is wrong with the machine or the seed is not thrown but reported.
 */
export async function explainHardware(options: HardwareOptions): Promise<HardwareReport> {
  const surroundings = await lookAround();
  const { container } = surroundings;
  const seed = await lookForSeed(options, surroundings);
  const recipe = options.recipe ?? null;
  if (recipe === null || INGREDIENTS[recipe].machineId) {
    const machine = { id: await readMachineId(surroundings), container };
    const choice =
      recipe === null
        ? await confirm(chooseRecipe(machine, seed), machine)
        : keepRecipe(recipe, machine, seed);
    return report(choice, machine, seed, container);
  }
  return report(keepRecipe(recipe, null, seed), null, seed, container);
}

/**
 * Before a machine id is relied on for the first time, node-machine-id has to say the same: a service may know the machine
 * by it from elsewhere. Afterwards the files alone are read, which gives the same and can't fail for want of a shell.
 */
async function confirm(choice: Choice, { id }: Machine): Promise<Choice> {
  if (process.platform !== 'linux') return choice;
  if (choice.recipe === null || !INGREDIENTS[choice.recipe].machineId) return choice;
  const answer = await askNodeMachineId();
  if (answer === id.value) {
    return { ...choice, because: [...choice.because, 'node-machine-id says the same of the machine id.'] };
  }
  if (answer === null) {
    return {
      ...choice,
      because: [...choice.because, 'node-machine-id could not be asked, for want of a shell.'],
    };
  }
  return {
    recipe: null,
    problem: `node-machine-id says something else than ${id.from}. It needs \`cat\`, \`head\` and \`hostname\` in the PATH.`,
    because: choice.because,
  };
}

function report(
  choice: Choice,
  machine: Machine | null,
  seed: FoundSeed,
  container: Machine['container'],
): HardwareReport {
  const { recipe, problem, because } = choice;
  const uses = recipe === null ? null : INGREDIENTS[recipe];
  return {
    hardware:
      recipe === null ? null : { id: digestOf(recipe, machine?.id.value ?? null, seed.secret), recipe },
    problem,
    because,
    container: container?.name ?? null,
    machineIdFrom: uses?.machineId ? (machine?.id.from ?? null) : null,
    seedFile: uses?.seed ? seed.file : null,
  };
}
