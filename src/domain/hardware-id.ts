declare const brand: unique symbol;

/** 64 lower-case hexadecimal characters, the only form in which a hardware id is stored, compared or hashed. */
export type HardwareId = string & { readonly [brand]: 'HardwareId' };

const LENGTH = 64;

/** ASCII spelled out: classes like \d or case folding are where Unicode look-alikes get in. */
const HEX = /^[0-9a-fA-F]+$/;

/**
 * What is wrong with a hardware id as received, null when nothing is. Length goes first and counts code points,
 * so that 64 emoji are told to be of the wrong form and not to be 128 characters.
 */
export function hardwareIdProblem(s: string): 'length' | 'format' | null {
  if (s.length === LENGTH && HEX.test(s)) return null;
  // A code point takes at most two units: anything longer is settled without walking a huge string.
  return s.length > 2 * LENGTH || [...s].length !== LENGTH ? 'length' : 'format';
}

/** Whether a string is a hardware id, in either case. */
export function isHardwareId(s: string): boolean {
  return hardwareIdProblem(s) === null;
}

/**
 * The stored form of a hardware id that was validated before.
 * @throws RangeError when it was not: a mistake in this program, never in a request
 */
export function parseHardwareId(s: string): HardwareId {
  if (!isHardwareId(s)) throw new RangeError('Not a hardware id: validate before parsing');
  return s.toLowerCase() as HardwareId;
}
