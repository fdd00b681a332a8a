import * as v from 'valibot';
import { isVersion } from '../domain/version.js';

const spaced = (field: string) => field.replaceAll('_', ' ');

/** What is wrong with an object as a whole, in the words of the wire contract. */
const unknownField = (issue: v.StrictObjectIssue): string =>
  `The ${spaced(String(issue.path?.[0].key))} field is prohibited.`;

/** `null` and the empty string count as missing. */
const isGiven = (value: unknown) => value !== null && value !== undefined && value !== '';

const KEY_REQUIRED = 'License key is required';

export const NoBody = v.strictObject({}, unknownField);

export const ActivateBody = v.strictObject(
  {
    key: v.pipe(
      v.unknown(),
      v.check(isGiven, KEY_REQUIRED),
      v.string('The key field must be a string.'),
      v.trim(),
      v.nonEmpty(KEY_REQUIRED),
      v.maxLength(255, 'The key field must not be greater than 255 characters.'),
    ),
    force: v.nullish(v.boolean('The force field must be true or false.')),
  },
  (issue) => (issue.expected === 'never' ? unknownField(issue) : KEY_REQUIRED),
);

export const RebindBody = v.strictObject(
  {
    key: v.nullish(
      v.pipe(
        v.string('The key field must be a string.'),
        v.trim(),
        v.maxLength(255, 'The key field must not be greater than 255 characters.'),
      ),
    ),
    previous_hardware_id: v.nullish(
      v.pipe(
        v.string('The previous hardware id field must be a string.'),
        v.length(64, 'The previous hardware id field must be 64 characters.'),
        v.regex(/^[0-9a-f]*$/i, 'The previous hardware id field format is invalid.'),
        v.toLowerCase(),
      ),
    ),
  },
  unknownField,
);

export const UpdateBody = v.strictObject(
  {
    version: v.nullish(
      v.pipe(
        v.string('The version field must be a string.'),
        v.maxLength(64, 'The version field must not be greater than 64 characters.'),
        v.check((text) => text === '' || isVersion(text), 'The version field must be a valid version.'),
      ),
    ),
  },
  unknownField,
);

const MOST_COUNTERS = 100;
/** The service takes no other names, and would refuse every check that carries one. */
const COUNTER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Counter to a whole number from 0. */
export const UsageBody = v.pipe(
  v.custom<Record<string, unknown>>((body) => typeof body === 'object'),
  v.check(
    (usage) => Object.keys(usage).length <= MOST_COUNTERS,
    `The usage must not have more than ${MOST_COUNTERS} counters.`,
  ),
  v.check(
    (usage) => Object.keys(usage).every((name) => COUNTER_NAME.test(name)),
    'The name of a counter is 1 to 64 letters, digits, dots, dashes and underscores, and begins with a letter or a digit.',
  ),
  v.check(
    (usage) => Object.values(usage).every((count) => Number.isSafeInteger(count) && Number(count) >= 0),
    'Each counter must be a whole number from 0.',
  ),
  v.transform((usage) => usage as Record<string, number>),
);
