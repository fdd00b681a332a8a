import { VERSION_PATTERN } from '../../src/domain/version.js';
import type { Schema } from './api-document.js';

/** A bad value as JSON text, and what is said of it; `:field` stands for the field's name in words. */
export type BadValue = readonly [json: string, sentence: string];

const NUL = '"a\\u0000b"';
const HALF_A_CHARACTER = '"\\ud800"';

const STRING = 'The :field field must be a string.';
const FORMAT = 'The :field field format is invalid.';

const each = (values: readonly string[], sentence: string): BadValue[] =>
  values.map((value) => [value, sentence] as const);

const notText = each(['7', 'true', '[]', '{}', '["x"]', '{"toString":"x"}', '1e400'], STRING);

const HARDWARE_SIZE = 'The :field field must be 64 characters.';

/** Everything a hardware id can be and must not. */
export const BAD_HARDWARE_IDS: readonly BadValue[] = [
  ...notText,
  ...each(
    [
      'a'.repeat(63),
      'a'.repeat(65),
      'a'.repeat(10_000),
      '🦊'.repeat(32),
      '🦊'.repeat(65),
      `${'a'.repeat(64)}\\n`,
    ].map((text) => `"${text}"`),
    HARDWARE_SIZE,
  ),
  ...each(
    [
      'g'.repeat(64),
      ` ${'a'.repeat(63)}`,
      `${'a'.repeat(63)}\\n`,
      `${'a'.repeat(63)}\\u0000`,
      `0x${'a'.repeat(62)}`,
      // Look-alikes: fullwidth and Arabic digits, a Cyrillic а, mathematical digits, an accent on its own.
      '０'.repeat(64),
      '٣'.repeat(64),
      `а${'a'.repeat(63)}`,
      '𝟎'.repeat(64),
      `${'a'.repeat(63)}\\u0301`,
      // A Kelvin sign folds to k, and a long s to s, where somebody matches without regard to case.
      `\\u212a${'a'.repeat(63)}`,
      `\\ud800${'a'.repeat(63)}`,
      `${'a'.repeat(63)}\\udc00`,
      `${'a'.repeat(63)}\\u200b`,
    ].map((text) => `"${text}"`),
    FORMAT,
  ),
];

const notInteger = each(
  ['"7"', 'true', '[]', '{}', '[1]', '1.5', '-0.1', '1e400', '-1e400', '"NaN"', '"0x10"'],
  'The :field field must be an integer.',
);

const beyond = ({ minimum = 0, maximum = 0 }: Schema): BadValue[] => [
  [String(minimum - 1), `The :field field must be at least ${minimum}.`],
  ['-1e300', `The :field field must be at least ${minimum}.`],
  [String(maximum + 1), `The :field field must not be greater than ${maximum}.`],
  ['9007199254740993', `The :field field must not be greater than ${maximum}.`],
  ['1e300', `The :field field must not be greater than ${maximum}.`],
];

const longText = (max: number) => `"${'x'.repeat(max + 1)}"`;

function ofText(schema: Schema): BadValue[] {
  if (schema.enum !== undefined) {
    return each(
      [...notText.map(([json]) => json), '"x"', '"constructor"', '"__proto__"', NUL, HALF_A_CHARACTER],
      'The selected :field is invalid.',
    );
  }
  if (schema.pattern?.includes('{64}') === true) return [...BAD_HARDWARE_IDS];
  if (schema.format === 'date-time') {
    const texts = [
      'yesterday',
      '2027-02-30T00:00:00Z',
      '2027-01-01',
      '2027-01-01T00:00:00',
      '1'.repeat(9_999),
    ];
    const outside = [
      '1969-12-31T23:59:59Z',
      '+275760-09-13T00:00:00.001Z',
      '2027-01-01T25:00:00Z',
      '٢٠٢٧-01-01',
    ];
    return each(
      [...notText.map(([json]) => json), ...[...texts, ...outside].map((text) => `"${text}"`), NUL],
      'The :field field must be a valid date.',
    );
  }
  if (schema.format === 'uuid') {
    return [
      ...notText,
      ...each(['"x"', NUL, HALF_A_CHARACTER, longText(9_999)], 'The :field field must be a valid UUID.'),
    ];
  }
  if (schema.pattern === VERSION_PATTERN) {
    const texts = [
      '1',
      '1.0',
      'v1.0.0',
      '01.0.0',
      '1.0.0-',
      '1.0.0-01',
      '1.0.0 ',
      '１.0.0',
      '-1.0.0',
      '9'.repeat(300),
    ];
    return [
      ...notText,
      ...each(
        [...texts.map((text) => `"${text}"`), '"9007199254740992.0.0"', NUL, HALF_A_CHARACTER],
        'The :field field must be a valid version.',
      ),
    ];
  }
  const max = schema.maxLength ?? 255;
  const min = schema.minLength ?? 0;
  const filler = 'x'.repeat(min);
  return [
    ...notText,
    ...(min > 1
      ? each([`"${'x'.repeat(min - 1)}"`], `The :field field must be at least ${min} characters.`)
      : []),
    [longText(max), `The :field field must not be greater than ${max} characters.`],
    [longText(200_000), `The :field field must not be greater than ${max} characters.`],
    ...each(
      [NUL, HALF_A_CHARACTER, '"\\udc00\\ud800"']
        .filter(() => schema.pattern === undefined)
        .map((json) => json.replace(/"$/, `${filler}"`)),
      FORMAT,
    ),
  ];
}

const notObject = each(['"x"', '7', 'true', '[]', '[{}]'], 'The :field field must be an object.');

function ofObject(schema: Schema): BadValue[] {
  if (schema.additionalProperties === true) {
    return [
      ...notObject,
      [`{"a":${longText(20_000)}}`, 'The :field field must not be greater than 16384 bytes.'],
      ...each(
        ['{"a\\u0000":1}', '{"a":{"b":["\\u0000"]}}', '{"a":[{"\\ud800":1}]}', '{"a":"\\udfff"}'],
        FORMAT,
      ),
    ];
  }
  if (typeof schema.additionalProperties !== 'object') return notObject;
  const { minimum = 0 } = schema.additionalProperties;
  const many = Array.from({ length: 101 }, (_, i) => `"c${i}":1`);
  return [
    ...notObject,
    [`{${many.join()}}`, 'The :field field must not have more than 100 items.'],
    [`{"a":${minimum - 1}}`, `The :field.a field must be at least ${minimum}.`],
    ['{"a":1e300}', `The :field.a field must not be greater than ${Number.MAX_SAFE_INTEGER}.`],
    ['{"a":null}', 'The :field.a field is required.'],
    ...each(
      ['{"a":"7"}', '{"a":1.5}', '{"a":1e400}', '{"a":{}}', '{"a":[]}', '{"a":true}'],
      'The :field.a field must be an integer.',
    ),
    ...each(
      [
        '{"a\\u0000":1}',
        '{"\\ud800":1}',
        '{"":1}',
        '{"a b":1}',
        '{"é":1}',
        `{${longText(64)}:1}`,
        '{"__defineGetter__":1}',
      ],
      FORMAT,
    ),
  ];
}

const tooMany = (max: number): BadValue[] => [
  [
    `[${Array.from({ length: max + 1 }, () => '"x"').join()}]`,
    `The :field field must not have more than ${max} items.`,
  ],
];

function ofList({ items = {}, maxItems }: Schema): BadValue[] {
  const notList = each(
    ['"x"', '7', 'true', '{}', '{"0":"x"}', '{"length":1}'],
    'The :field field must be an array.',
  );
  return [
    ...notList,
    ...(maxItems === undefined ? [] : tooMany(maxItems)),
    ...each(['[null]', '[""]'], 'The :field.0 field is required.'),
    ...(items.enum === undefined
      ? each(['[7]', '[[]]', '[{}]', '[true]'], 'The :field.0 field must be a string.')
      : each(['[7]', '["x"]', '["constructor"]', `[${NUL}]`], 'The selected :field.0 is invalid.')),
  ];
}

/** Bad values for a field of that schema. */
export function badValuesOf(schema: Schema): BadValue[] {
  if (schema.type === 'integer') return [...notInteger, ...beyond(schema)];
  if (schema.type === 'boolean') {
    return each(['"true"', '1', '0', '[]', '{}', '"yes"', NUL], 'The :field field must be true or false.');
  }
  if (schema.type === 'array') return ofList(schema);
  if (schema.type === 'object') return ofObject(schema);
  return ofText(schema);
}
