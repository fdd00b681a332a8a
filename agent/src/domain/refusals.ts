/**
 * What the service may refuse with, and what a panel can do about it. `retry` is how often a refused agent asks again by
 * itself: a license that is renewed or reinstated comes back without a visit, one that is gone is asked for by hand.
 */
export const REFUSALS = {
  INVALID_KEY: { retry: 'never', advice: 'Check the key, or ask your vendor for a new one.' },
  REVOKED: { retry: 'never', advice: 'Ask your vendor.' },
  SUSPENDED: { retry: 'hourly', advice: 'Ask your vendor; it works again as soon as it is reinstated.' },
  EXPIRED: {
    retry: 'hourly',
    advice: 'Renew the license; it works again within the hour, or after a check.',
  },
  VERSION_TOO_LOW: { retry: 'hourly', advice: 'Update the panel: `mooring-agent update`.' },
  UPDATES_EXPIRED: {
    retry: 'hourly',
    advice: 'Extend the right to updates, or go back to a version that the license covers.',
  },
  HARDWARE_MISMATCH: {
    retry: 'hourly',
    advice:
      'Activate this machine with `mooring-agent activate KEY`, or move the seat with `mooring-agent rebind`.',
  },
  MAX_ACTIVATIONS: {
    retry: 'never',
    advice: 'Free a seat with `mooring-agent deactivate` on another machine, or ask your vendor for more.',
  },
} as const satisfies Record<string, { readonly retry: 'never' | 'hourly'; readonly advice: string }>;

export type RefusalCode = keyof typeof REFUSALS;

export const isRefusalCode = (code: string): code is RefusalCode => Object.hasOwn(REFUSALS, code);
