import { readDto } from '../http/dto-reader.js';
import type { Dto } from '../http/dto-field.js';
import { FieldErrors, PublicError } from '../http/errors.js';
import { StartupError } from '../startup-error.js';
import type { Given } from './command.js';

/** What is wrong, for whoever sits at the terminal; another failure stays as it is. */
function asRefusal(error: unknown): unknown {
  if (error instanceof FieldErrors) {
    return new StartupError(Object.values(error.details).flat().join('\n'), { cause: error });
  }
  return error instanceof PublicError ? new StartupError(error.publicMessage, { cause: error }) : error;
}

/** Runs what the admin plane would do; its refusals are told in its own words. @throws StartupError */
export async function inItsWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asRefusal(error);
  }
}

/**
 * The options as the body of the same call of the admin plane; `lists` are written with commas.
 * @throws FieldErrors for what that call would refuse
 */
export function asBody<T extends object>(dto: Dto<T>, given: Given, lists: readonly string[] = []): T {
  const entries = Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name, value = '']) => {
      const parts = value.split(',').map((part) => part.trim());
      return [name.replaceAll('-', '_'), lists.includes(name) ? parts : value] as const;
    });
  // As in a query, numbers come as texts.
  return readDto(dto, Object.fromEntries(entries), 'query');
}
