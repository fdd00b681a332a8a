import type { Json } from './canonical-json.js';

const WITH_EXPONENT = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/;

/** A number as PostgreSQL writes it in jsonb: with all its digits and no exponent. */
function decimal(value: number): string {
  const text = JSON.stringify(value);
  const [, sign, whole, fraction = '', exponent] = WITH_EXPONENT.exec(text) ?? [];
  if (whole === undefined) return text;
  const shift = Number(exponent);
  const digits = whole + fraction;
  return shift > 0
    ? `${sign}${digits.padEnd(shift + 1, '0')}`
    : `${sign}0.${'0'.repeat(-shift - 1)}${digits}`;
}

/**
 * What the text of a jsonb value says; undefined when a number in it is not one that this process can have written. Such a
 * number would be read as its neighbour, and two different texts as one value.
 */
export function exactJson(text: string): Json | undefined {
  let isExact = true;
  const reviver = (_: string, value: unknown, { source }: { source?: string }): unknown => {
    if (typeof value === 'number' && decimal(value) !== source) isExact = false;
    return value;
  };
  // The type of JSON.parse does not know yet that it tells the source.
  const value = JSON.parse(text, reviver as (key: string, value: unknown) => unknown) as Json;
  return isExact ? value : undefined;
}
