/**
 * What the service may refuse with: its sentence, and what a panel can do about it. `retry` is how often a refused agent
 * asks again by itself: a license that is renewed or reinstated comes back without a visit, and one whose key is unknown
 * after a restore of the service within a day; one that is gone is asked for by hand.
 */
export const REFUSALS = {
  INVALID_KEY: {
    error: 'Invalid license key',
    retry: 'daily',
    advice: 'Check the key and the "product" that is set, or ask your vendor for a new key.',
  },
  REVOKED: { error: 'License has been revoked', retry: 'never', advice: 'Ask your vendor.' },
  SUSPENDED: {
    error: 'License is suspended',
    retry: 'hourly',
    advice: 'Ask your vendor; it works again as soon as it is reinstated.',
  },
  EXPIRED: {
    error: 'License has expired',
    retry: 'hourly',
    advice: 'Renew the license; it works again within the hour, or after a check.',
  },
  VERSION_TOO_LOW: {
    error: 'Version is below the minimum supported version',
    retry: 'hourly',
    advice: 'Update the panel: `mooring-agent update`.',
  },
  UPDATES_EXPIRED: {
    error: 'Version is not covered by this license',
    retry: 'hourly',
    advice: 'Extend the right to updates, or go back to a version that the license covers.',
  },
  HARDWARE_MISMATCH: {
    error: 'Hardware is not activated for this license',
    retry: 'hourly',
    advice:
      'Activate this machine with `mooring-agent activate KEY`, or move the seat with `mooring-agent rebind`.',
  },
  MAX_ACTIVATIONS: {
    error: 'Maximum number of activations reached',
    retry: 'never',
    advice: 'Free a seat with `mooring-agent deactivate` on another machine, or ask your vendor for more.',
  },
} as const satisfies Record<
  string,
  { readonly error: string; readonly retry: 'never' | 'hourly' | 'daily'; readonly advice: string }
>;

export type RefusalCode = keyof typeof REFUSALS;

export const isRefusalCode = (code: string): code is RefusalCode => Object.hasOwn(REFUSALS, code);

/** The sentence for a refusal. The proof is over the code alone: what was said beside it counts only where that is new. */
export const refusalSentence = (code: string, said: string): string =>
  isRefusalCode(code) ? REFUSALS[code].error : said;
