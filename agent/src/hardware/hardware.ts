/**
 * What a hardware id was made of. Once a license is activated its recipe is kept, so that a file that appears later,
 * or a container that is told apart differently, never changes the answer.
 */
export type Recipe = 'machine-id' | 'machine-id+seed' | 'seed';

/** Who this machine is to the service. */
export interface Hardware {
  /** 64 hexadecimal characters, lower-case. */
  readonly id: string;
  readonly recipe: Recipe;
}
