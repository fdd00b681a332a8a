import { fieldErrors } from '../http/errors.js';
import { sentence } from '../http/sentences.js';

/** Of zxcvbn's 0 to 4: beyond 10^8 guesses, more than an online guesser ever gets. */
const STRONG_ENOUGH = 3;

/** What is judged of a longer one: the time grows with the length, and 40 good characters are good enough. */
const JUDGED_LENGTH = 40;

/** Ways to read `4` as `a` that are tried: the library's own hundred cost a third of a second, and this holds up every request. */
const SUBSTITUTIONS = 5;

type Judge = (password: string, names: string[]) => number;

async function load(): Promise<Judge> {
  const [{ ZxcvbnFactory }, common, english] = await Promise.all([
    import('@zxcvbn-ts/core'),
    import('@zxcvbn-ts/language-common'),
    import('@zxcvbn-ts/language-en'),
  ]);
  const zxcvbn = new ZxcvbnFactory({
    dictionary: { ...common.dictionary, ...english.dictionary },
    graphs: common.adjacencyGraphs,
    maxLength: JUDGED_LENGTH,
    l33tMaxSubstitutions: SUBSTITUTIONS,
  });
  return (password, names) => zxcvbn.check(password, names).score;
}

let judge: Promise<Judge> | undefined;

/** Whether a password is too easy to guess, by names that a guesser would try first. The word lists are read at the first call. */
export async function isGuessable(password: string, names: readonly string[]): Promise<boolean> {
  judge ??= load();
  const parts = names.flatMap((name) => [name, ...name.split(/[@._+-]/)]).filter((part) => part.length > 2);
  return (await judge)(password, [...new Set([...parts, 'mooring'])]) < STRONG_ENOUGH;
}

/** @throws FieldErrors for a password that is too easy to guess, told of the field it came in */
export async function refuseGuessable(
  field: string,
  password: string,
  names: readonly string[],
): Promise<void> {
  if (await isGuessable(password, names)) throw fieldErrors({ [field]: [sentence('guessable', field)] });
}
