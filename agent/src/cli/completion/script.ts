import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { completionTree, type Tree } from './tree.js';
import { zshScript } from './zsh.js';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const satisfies Record<
  string,
  (tree: Tree) => string
>;

export type Shell = keyof typeof SCRIPTS;

/** The script that teaches a shell this command line. */
export const completionScript = (shell: Shell): string => SCRIPTS[shell](completionTree());
