import type { ApiPropertyOptions } from '@nestjs/swagger';
import * as check from './checks.js';
import { VERSION_PATTERN } from '../domain/version.js';
import { isDay } from '../domain/days.js';
import { parseDateTime } from './date-time.js';
import { field, type Dto, type FieldSpec } from './dto-field.js';
import { EXAMPLE_HARDWARE } from './examples.js';

/** What every field can be told. */
export interface FieldOptions {
  /** Missing, null and '' are refused. Without it they all mean that the field is absent, but in a PATCH only missing does. */
  readonly required?: boolean;
  /** In a body an explicit null (or '') reaches the handler as null, which means "clear it". */
  readonly nullable?: boolean;
  /** What an absent field counts as. A DTO made by PartialType leaves it absent. */
  readonly default?: unknown;
  readonly description?: string;
  readonly example?: unknown;
}

/** The largest PostgreSQL integer. */
export const MAX_INTEGER = 2_147_483_647;

type Rest = Pick<FieldSpec, 'fromText' | 'convert' | 'nested' | 'trim'>;

function declare(
  { required = false, nullable = false, description, example, ...options }: FieldOptions,
  checks: readonly check.Check[],
  schema: object,
  rest: Rest = {},
): PropertyDecorator {
  const documentation = {
    ...schema,
    ...(description !== undefined && { description }),
    ...(example !== undefined && { example }),
  };
  return field(
    { required, nullable, default: options.default, check: check.firstOf(...checks), ...rest },
    documentation as ApiPropertyOptions,
  );
}

export interface TextOptions extends FieldOptions {
  readonly default?: string;
  /** Code points. */
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  /** Blanks at its ends do not count. */
  readonly trim?: boolean;
}

/** A string of at most 255 characters unless told otherwise. */
export function Text({
  min = 0,
  max = 255,
  pattern,
  trim = false,
  ...options
}: TextOptions = {}): PropertyDecorator {
  return declare(
    options,
    [
      check.string,
      check.minLength(min),
      check.maxLength(max),
      check.storable,
      ...(pattern === undefined ? [] : [check.matches(pattern)]),
    ],
    {
      type: 'string',
      ...(min > 0 && { minLength: min }),
      maxLength: max,
      ...(pattern !== undefined && { pattern: pattern.source }),
    },
    { trim },
  );
}

/** The usual example of a kind of field, where one is needed: those of optional fields would all be in the body's example. */
const exampleOf = ({ required }: FieldOptions, example: string) => required === true && { example };

/** 64 hexadecimal characters in either case, kept as they were sent. */
export function HardwareIdField(options: FieldOptions = {}): PropertyDecorator {
  return declare(options, [check.string, check.hardwareId], {
    type: 'string',
    pattern: '^[0-9a-fA-F]{64}$',
    ...exampleOf(options, EXAMPLE_HARDWARE),
  });
}

/** A SemVer 2.0 version. */
export function VersionField(options: FieldOptions = {}): PropertyDecorator {
  return declare(options, [check.string, check.version], {
    type: 'string',
    maxLength: 256,
    pattern: VERSION_PATTERN,
    ...exampleOf(options, '1.0.0'),
  });
}

export interface IntegerOptions extends FieldOptions {
  readonly default?: number;
  readonly min: number;
  /** At most what the column holds: one more would fail in the database. */
  readonly max?: number;
}

export function IntegerField({ min, max = MAX_INTEGER, ...options }: IntegerOptions): PropertyDecorator {
  return declare(
    options,
    [check.integer(min, max)],
    { type: 'integer', minimum: min, maximum: max },
    { fromText: (text) => (/^-?\d{1,16}$/.test(text) ? Number(text) : text) },
  );
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

export function BooleanField(options: FieldOptions & { readonly default?: boolean } = {}): PropertyDecorator {
  return declare(
    options,
    [check.boolean],
    { type: 'boolean' },
    { fromText: (text) => BOOLEANS.get(text) ?? text },
  );
}

/** One of a few strings. */
export function ChoiceField(
  choices: readonly string[],
  options: FieldOptions & { readonly default?: string } = {},
): PropertyDecorator {
  return declare(options, [check.oneOf(choices)], { type: 'string', enum: [...choices] });
}

const dateTime: check.Check = (value) =>
  typeof value === 'string' && parseDateTime(value) !== null ? null : { constraint: 'date' };

/** An ISO 8601 instant with `Z` or an offset; the handler gets a Date. */
export function DateTimeField(options: FieldOptions = {}): PropertyDecorator {
  return declare(
    options,
    [dateTime],
    { type: 'string', format: 'date-time' },
    { convert: (value) => parseDateTime(String(value)) },
  );
}

const day: check.Check = (value) =>
  typeof value === 'string' && isDay(value) ? null : { constraint: 'date' };

/** A day of the calendar, `2027-03-01`. */
export function DayField(options: FieldOptions = {}): PropertyDecorator {
  return declare(options, [day], { type: 'string', format: 'date', example: '2027-03-01' });
}

/** Counters are named by programs. */
const COUNTER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const MAX_ENTRIES = 100;

export interface CountersOptions extends FieldOptions {
  readonly default?: Readonly<Record<string, number>>;
  /** Whether −1 stands for "unlimited". */
  readonly unlimited?: boolean;
}

/** A map of at most 100 counters to non-negative integers. */
export function CountersField({ unlimited = false, ...options }: CountersOptions = {}): PropertyDecorator {
  const min = unlimited ? -1 : 0;
  return declare(
    options,
    [check.entries(MAX_ENTRIES, COUNTER_NAME, check.integer(min, Number.MAX_SAFE_INTEGER))],
    {
      type: 'object',
      additionalProperties: { type: 'integer', minimum: min },
      maxProperties: MAX_ENTRIES,
    },
  );
}

export interface StringListOptions extends FieldOptions {
  readonly default?: readonly string[];
  readonly maxItems?: number;
  /** Of each item, in code points. */
  readonly max?: number;
  readonly pattern?: RegExp;
}

/** A list of at most 100 strings of at most 64 characters, unless told otherwise. */
export function StringListField({
  maxItems = MAX_ENTRIES,
  max = 64,
  pattern,
  ...options
}: StringListOptions = {}): PropertyDecorator {
  const item = check.firstOf(
    check.string,
    check.maxLength(max),
    check.storable,
    ...(pattern === undefined ? [] : [check.matches(pattern)]),
  );
  return declare(options, [check.items(maxItems, item)], {
    type: 'array',
    items: { type: 'string', maxLength: max },
    maxItems,
  });
}

/** An object with declared fields of its own. */
export function ObjectField(nested: () => Dto, options: FieldOptions = {}): PropertyDecorator {
  // Swagger takes a function for a class that comes later by its name, `type`, alone.
  return declare(options, [check.object], { type: () => nested() }, { nested });
}

const MAX_METADATA_BYTES = 16_384;

/** Any JSON object of at most 16 KiB. */
export function MetadataField(options: FieldOptions = {}): PropertyDecorator {
  return declare(options, [check.object, check.maxBytes(MAX_METADATA_BYTES), check.storable], {
    type: 'object',
    additionalProperties: true,
  });
}

/** What a caller wants to see in a proof: 16 to 128 printable ASCII characters. */
export function NonceField(options: FieldOptions = {}): PropertyDecorator {
  return Text({ ...options, default: undefined, min: 16, max: 128, pattern: /^[\x20-\x7e]+$/ });
}

export function EmailField(options: FieldOptions = {}): PropertyDecorator {
  return declare(options, [check.string, check.maxLength(254), check.storable, check.email], {
    type: 'string',
    format: 'email',
    maxLength: 254,
  });
}

export function UuidField(options: FieldOptions = {}): PropertyDecorator {
  return declare(options, [check.string, check.uuid], { type: 'string', format: 'uuid' });
}
