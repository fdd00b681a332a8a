/** Every constraint on a field and the one sentence that says it is broken. `:field` is the field, the rest are values. */
export const SENTENCES = {
  required: 'The :field field is required.',
  prohibited: 'The :field field is prohibited.',
  string: 'The :field field must be a string.',
  integer: 'The :field field must be an integer.',
  boolean: 'The :field field must be true or false.',
  list: 'The :field field must be an array.',
  object: 'The :field field must be an object.',
  size: 'The :field field must be :size characters.',
  minLength: 'The :field field must be at least :min characters.',
  maxLength: 'The :field field must not be greater than :max characters.',
  maxItems: 'The :field field must not have more than :max items.',
  maxBytes: 'The :field field must not be greater than :max bytes.',
  min: 'The :field field must be at least :min.',
  max: 'The :field field must not be greater than :max.',
  format: 'The :field field format is invalid.',
  version: 'The :field field must be a valid version.',
  date: 'The :field field must be a valid date.',
  future: 'The :field field must not be in the future.',
  dayOrder: 'The :field field must be the first day or a later one.',
  daySpan: 'The :field field must be at most :max days after the first day.',
  email: 'The :field field must be a valid email address.',
  url: 'The :field field must be an http or https URL without credentials.',
  publicUrl: 'The :field field must not lead to a private address.',
  uuid: 'The :field field must be a valid UUID.',
  guessable: 'The :field field is too easy to guess.',
  selected: 'The selected :field is invalid.',
  taken: 'The :field has already been taken.',
} as const satisfies Record<string, string>;

export type Constraint = keyof typeof SENTENCES;

/** The numbers in a sentence, by the name they have in it. */
export type Values = Readonly<Partial<Record<'size' | 'min' | 'max', number>>>;

/**
 * What is wrong with a field, in the contract's words: `sentence('min', 'max_activations', { min: 1 })` is
 * "The max activations field must be at least 1."
 */
export function sentence(constraint: Constraint, field: string, values: Values = {}): string {
  const filled = Object.entries(values).reduce<string>(
    (text, [name, value]) => text.replace(`:${name}`, String(value)),
    SENTENCES[constraint],
  );
  // By a function: a name from outside may hold `$&`, which a plain replacement would expand.
  return filled.replace(':field', () => field.replaceAll('_', ' '));
}
