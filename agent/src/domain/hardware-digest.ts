import { createHash } from 'node:crypto';
import { INGREDIENTS, type Recipe } from './hardware-choice.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The hardware id of a machine id, a seed or both. That of a machine id alone is what `machineIdSync()` of node-machine-id
 * answers. The others begin with words of their own, so that none can be taken for the hash of something else.
 */
export function digestOf(recipe: Recipe, machineId: string | null, seed: string | null): string {
  const uses = INGREDIENTS[recipe];
  // An id made of nothing would be the same everywhere.
  if (uses.machineId && !machineId) throw new TypeError(`The recipe ${recipe} takes a machine id`);
  if (uses.seed && !seed) throw new TypeError(`The recipe ${recipe} takes a seed`);
  if (!uses.seed) return sha256(`${machineId}`);
  const first = uses.machineId ? `machine-id ${machineId}\n` : '';
  return sha256(`mooring-agent hardware id v1\n${first}seed ${seed}\n`);
}
