import type { Recipe } from '../domain/hardware-choice.js';

export type { Recipe } from '../domain/hardware-choice.js';

/** Who this machine is to the service. */
export interface Hardware {
  /** 64 hexadecimal characters, lower-case. */
  readonly id: string;
  readonly recipe: Recipe;
}
