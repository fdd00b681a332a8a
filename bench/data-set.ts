import { hash } from 'node:crypto';
import { generateLicenseKey } from './built.ts';

/**
 * What a data set is made of, each a function of a license's number: whoever asks the service needs no list of five
 * million keys, and the database finds a row by the number as well.
 */
export const PREFIX = 'BENCH';
export const PRODUCT = 'bench';
export const VERSION = '1.0.0';

const KEY_BYTES = 10;

/** A key as the service makes them, its checksum included. */
export const licenseKey = (index: number): string =>
  generateLicenseKey(PREFIX, hash('sha256', `key ${index}`, 'buffer').subarray(0, KEY_BYTES));

export const hardwareId = (index: number): string => hash('sha256', `machine ${index}`);

/** A machine that holds no seat. */
export const newHardwareId = (index: number): string => hash('sha256', `new machine ${index}`);

/** Ids in the order of their making, as version 7 has them; those that the service makes are all greater. */
const ID = { license: '01900000-0000-7000-8000-', seat: '01900000-0000-7000-9000-' } as const;

const DIGITS = 12;

const idOf = (kind: keyof typeof ID) => (index: number) =>
  `${ID[kind]}${index.toString(16).padStart(DIGITS, '0')}`;

export const licenseId = idOf('license');
export const seatId = idOf('seat');

/** The same in SQL. */
export const idInSql = (kind: keyof typeof ID, index: string): string =>
  `('${ID[kind]}' || lpad(to_hex(${index}), ${DIGITS}, '0'))::uuid`;

/** Greater than every seat of the data set, and less than every one that is taken later. */
export const AFTER_ALL_SEATS = '01900000-0000-7000-a000-000000000000';

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

const GOLDEN = (Math.sqrt(5) - 1) / 2;

/**
 * Calls come from all over the fleet: neighbours in time are none in the tables. Multiplied by this and taken modulo
 * `licenses`, the numbers from 0 on come out scattered, each once.
 */
export function scatter(licenses: number): number {
  let factor = Math.max(1, Math.round(licenses * GOLDEN));
  while (gcd(factor, licenses) !== 1) factor += 1;
  return factor;
}

/** The licenses that are called in turn: `count` of the scattered ones, beginning with the one at `from`. */
export interface Window {
  readonly from: number;
  readonly count: number;
}

export const scattered = (licenses: number, place: number): number =>
  ((place % licenses) * scatter(licenses)) % licenses;

/** The seats of a window, as a select of their ids. */
export const seatsInSql = (licenses: number, { from, count }: Window): string =>
  `select ${idInSql('seat', `(place % ${licenses}) * ${scatter(licenses)} % ${licenses}`)}
    from generate_series(${from}::bigint, ${from + count - 1}::bigint) as place`;
