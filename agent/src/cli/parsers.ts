import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { isVersion } from '../domain/version.js';
import { normalAddress } from '../server/address.js';

/** Where a value stands: relative paths in a file are meant from that file's folder, others from the working folder. */
export interface Place {
  readonly folder: string;
}

/** Turns what was written into the setting's value. `undefined`: it is not one, and `expects` says what would be. */
export interface Parser<T> {
  readonly expects: string;
  /** All there are, where they can be listed. */
  readonly choices?: readonly string[];
  parse(written: unknown, place: Place): T | undefined;
}

const asText = (written: unknown): string | undefined => {
  const text = typeof written === 'string' ? written.trim() : '';
  return text === '' ? undefined : text;
};

/** One line of printable characters. */
export const line = (expects: string): Parser<string> => ({
  expects,
  parse: (written) => {
    const text = asText(written);
    return text !== undefined && /^[^\p{C}]{1,255}$/u.test(text) ? text : undefined;
  },
});

export const semanticVersion: Parser<string> = {
  expects: 'a version such as 1.4.0',
  parse: (written) => {
    const text = asText(written);
    return text !== undefined && isVersion(text) ? text : undefined;
  },
};

export const keyPrefix: Parser<string> = {
  expects: '1 to 16 letters and digits, a letter first',
  parse: (written) => {
    const text = asText(written)?.toUpperCase();
    return text !== undefined && /^[A-Z][A-Z0-9]{0,15}$/.test(text) ? text : undefined;
  },
};

export function oneOf<const T extends string>(choices: readonly T[]): Parser<T> {
  return {
    expects: `one of ${choices.join(', ')}`,
    choices,
    parse: (written) => choices.find((choice) => choice === written),
  };
}

export const path: Parser<string> = {
  expects: 'a path',
  parse: (written, { folder }) => {
    const text = asText(written);
    if (text === undefined || text.includes('\0')) return undefined;
    return isAbsolute(text) ? text : resolve(folder, text);
  },
};

export const serverUrl: Parser<string> = {
  expects: 'an address such as https://licenses.example.com, without user, query or fragment',
  parse: (written) => {
    const text = asText(written);
    return text === undefined ? undefined : normalAddress(text);
  },
};

const SPELLED = new Map<unknown, boolean>([
  [true, true],
  ['true', true],
  ['1', true],
  ['yes', true],
  [false, false],
  ['false', false],
  ['0', false],
  ['no', false],
]);

export const flag: Parser<boolean> = {
  expects: 'true or false',
  parse: (written) => SPELLED.get(typeof written === 'string' ? written.trim().toLowerCase() : written),
};

export function integer(min: number, max: number): Parser<number> {
  return {
    expects: `a whole number from ${min} to ${max}`,
    parse: (written) => {
      const isWritten = typeof written === 'number' || /^\d{1,10}$/.test(asText(written) ?? '');
      const value = isWritten ? Number(written) : Number.NaN;
      return Number.isInteger(value) && value >= min && value <= max ? value : undefined;
    },
  };
}

const THUMBPRINT = /^[\w-]{43}$/;

/** RFC 7638 thumbprints, by SHA-256 in base64url. */
export const thumbprints: Parser<readonly string[]> = {
  expects: 'key ids of 43 characters each, separated by commas',
  parse: (written) => {
    const list = typeof written === 'string' ? written.split(/[\s,]+/).filter(Boolean) : written;
    if (!Array.isArray(list)) return undefined;
    return list.every((item): item is string => typeof item === 'string' && THUMBPRINT.test(item))
      ? list
      : undefined;
  },
};

/** No shell takes part, so nothing is split at blanks: arguments need the array. */
export const command: Parser<readonly string[]> = {
  expects: 'the path of a program, or a JSON array of it and its arguments',
  parse: (written) => {
    const list = typeof written === 'string' ? commandOf(written.trim()) : written;
    if (!Array.isArray(list) || list.length === 0 || list[0] === '') return undefined;
    return list.every((item): item is string => typeof item === 'string' && !item.includes('\0'))
      ? list
      : undefined;
  },
};

function commandOf(text: string): unknown {
  // A command with its arguments in one text would be looked for as one program, after the download.
  if (!text.startsWith('[')) return /\s/.test(text) && !existsSync(text) ? undefined : [text];
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
