import { isEmail } from 'class-validator';
import { validate as isUuid } from 'uuid';
import { hardwareIdProblem } from '../domain/hardware-id.js';
import { isVersion } from '../domain/version.js';
import type { Constraint, Values } from './sentences.js';

/** The constraint that a value breaks, and where in the value when that is not the whole of it. */
export interface Problem {
  readonly constraint: Constraint;
  readonly values?: Values;
  readonly at?: string;
}

/** What is wrong with a value that is present, null when nothing is. */
export type Check = (value: unknown) => Problem | null;

/** The first problem of several checks, so that each may rely on those before it. */
export const firstOf =
  (...checks: readonly Check[]): Check =>
  (value) => {
    for (const check of checks) {
      const problem = check(value);
      if (problem !== null) return problem;
    }
    return null;
  };

const unless = (passes: boolean, constraint: Constraint, values?: Values): Problem | null =>
  passes ? null : { constraint, ...(values && { values }) };

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** PostgreSQL keeps neither NUL nor half a character. */
const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Whether all strings and keys in a JSON value can be stored. Its depth is bounded by the parser. */
export function isStorableJson(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (Array.isArray(value)) return value.every(isStorableJson);
  if (!isRecord(value)) return true;
  return Object.entries(value).every(([key, inner]) => isStorable(key) && isStorableJson(inner));
}

/** Runs a check of strings on strings only; another type has been refused before. */
const onText =
  (check: (text: string) => Problem | null): Check =>
  (value) =>
    typeof value === 'string' ? check(value) : null;

export const string: Check = (value) => unless(typeof value === 'string', 'string');
export const storable: Check = (value) => unless(isStorableJson(value), 'format');

/** Code points. One takes at most two units, so a string that is clearly too long is never walked. */
const codePoints = (text: string, bound: number): number =>
  text.length > 2 * bound ? text.length : [...text].length;

export const minLength = (min: number): Check =>
  onText((text) => unless(text.length >= 2 * min || codePoints(text, min) >= min, 'minLength', { min }));

export const maxLength = (max: number): Check =>
  onText((text) => unless(text.length <= max || codePoints(text, max) <= max, 'maxLength', { max }));

export const matches = (pattern: RegExp): Check => onText((text) => unless(pattern.test(text), 'format'));

export const version: Check = onText((text) => unless(isVersion(text), 'version'));
export const uuid: Check = onText((text) => unless(isUuid(text), 'uuid'));
export const email: Check = onText((text) => unless(isEmail(text), 'email'));

export const hardwareId: Check = onText((text) => {
  const problem = hardwareIdProblem(text);
  if (problem === null) return null;
  return problem === 'length' ? { constraint: 'size', values: { size: 64 } } : { constraint: 'format' };
});

export const integer = (min: number, max: number): Check =>
  firstOf(
    (value) => unless(Number.isInteger(value), 'integer'),
    (value) => unless(typeof value === 'number' && value >= min, 'min', { min }),
    (value) => unless(typeof value === 'number' && value <= max, 'max', { max }),
  );

export const boolean: Check = (value) => unless(typeof value === 'boolean', 'boolean');

export const oneOf = (choices: readonly string[]): Check => {
  const known: ReadonlySet<unknown> = new Set(choices);
  return (value) => unless(known.has(value), 'selected');
};

export const object: Check = (value) => unless(isRecord(value), 'object');

/** Every item of a list; a problem names the item by its index. */
export const items =
  (maxItems: number, check: Check): Check =>
  (value) => {
    if (!Array.isArray(value)) return { constraint: 'list' };
    if (value.length > maxItems) return { constraint: 'maxItems', values: { max: maxItems } };
    return firstAmong(
      value.map((item, index) => [String(index), item]),
      check,
    );
  };

/** Every value of a map; names must fit the pattern, and a problem names the entry. */
export const entries =
  (maxItems: number, name: RegExp, check: Check): Check =>
  (value) => {
    if (!isRecord(value)) return { constraint: 'object' };
    const all = Object.entries(value);
    if (all.length > maxItems) return { constraint: 'maxItems', values: { max: maxItems } };
    if (!all.every(([key]) => name.test(key))) return { constraint: 'format' };
    return firstAmong(all, check);
  };

function firstAmong(all: readonly (readonly [string, unknown])[], check: Check): Problem | null {
  for (const [at, value] of all) {
    const problem = value === null || value === '' ? ({ constraint: 'required' } as const) : check(value);
    if (problem !== null) return { ...problem, at };
  }
  return null;
}

/** The size of a JSON value as it is stored. */
export const maxBytes =
  (max: number): Check =>
  (value) =>
    unless(Buffer.byteLength(JSON.stringify(value)) <= max, 'maxBytes', { max });
