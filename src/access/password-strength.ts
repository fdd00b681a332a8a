import { fieldErrors } from '../http/errors.js';
import { sentence } from '../http/sentences.js';

/** Of zxcvbn's 0 to 4: beyond 10^8 guesses, more than an online guesser ever gets. */
const STRONG_ENOUGH = 3;

/** What is judged of a longer one: the time grows with the length, and 40 good characters are good enough. */
const JUDGED_LENGTH = 40;

/** Ways to read `4` as `a` that are tried: the library's own hundred cost a third of a second, and this holds up every request. */
const SUBSTITUTIONS = 5;

/** What a guesser of any installation tries. */
const PRODUCT = 'mooring';

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

/** Names are no part of what is hard to guess: `Maria2026Maria` is as good as `2026`. */
function withoutNames(password: string, names: readonly string[]): string {
  // The longest first: a part of a name must not break up the whole.
  const longestFirst = names.toSorted((one, other) => other.length - one.length);
  const literal = longestFirst.map((name) => name.replace(/\W/g, '\\$&'));
  return password.replace(new RegExp(literal.join('|'), 'gi'), '');
}

/** Whether a password is too easy to guess, by names that a guesser would try first. The word lists are read at the first call. */
export async function isGuessable(password: string, names: readonly string[]): Promise<boolean> {
  judge ??= load();
  const parts = names.flatMap((name) => [name, ...name.split(/[@._+-]/)]).filter((part) => part.length > 2);
  const known = [...new Set([...parts, PRODUCT])];
  const score = await judge;
  const rest = withoutNames(password, known);
  return [password, ...(rest === password ? [] : [rest])].some((each) => score(each, known) < STRONG_ENOUGH);
}

/** @throws FieldErrors for a password that is too easy to guess, told of the field it came in */
export async function refuseGuessable(
  field: string,
  password: string,
  names: readonly string[],
): Promise<void> {
  if (await isGuessable(password, names)) throw fieldErrors({ [field]: [sentence('guessable', field)] });
}
