import type { Call } from './call.js';

/** A header of an answer, as the document holds it. */
export interface Header {
  readonly description: string;
  readonly required?: boolean;
  readonly schema: Readonly<Record<string, unknown>>;
}

const whole = { type: 'integer', minimum: 0 } as const;

/** The headers that many answers have, under the names of their components. */
export const HEADERS = {
  'X-RateLimit-Limit': {
    description: 'How many requests the window admits.',
    required: true,
    schema: { ...whole, examples: [60] },
  },
  'X-RateLimit-Remaining': {
    description: 'How many are left of them.',
    required: true,
    schema: { ...whole, examples: [59] },
  },
  'X-RateLimit-Reset': {
    description: 'When the window ends, in Unix seconds.',
    required: true,
    schema: { ...whole, examples: [1_772_355_660] },
  },
  'X-RateLimit-Window': {
    description: 'The length of the window in seconds.',
    required: true,
    schema: { ...whole, examples: [60] },
  },
  'Retry-After': {
    description: 'In how many seconds to come back.',
    required: true,
    schema: { ...whole, minimum: 1, examples: [60] },
  },
  ETag: {
    description: 'The version of the resource, for `If-Match`.',
    required: true,
    schema: { type: 'string', examples: ['"8vJ3c1yQmUq0Zc5wT2n7XkLpRdE"'] },
  },
  'Idempotency-Replayed': {
    description: 'There and `true` when this answer was given before, under the same `Idempotency-Key`.',
    schema: { const: 'true' },
  },
} as const satisfies Record<string, Header>;

export type HeaderName = keyof typeof HEADERS;

const COUNTED = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'] as const;
const COUNTED_AT_AUTH = ['X-RateLimit-Limit', 'X-RateLimit-Window'] as const;

/** By the first segment of the path: what is counted there is told in every answer. */
const ALWAYS: Readonly<Record<string, readonly HeaderName[]>> = {
  license: COUNTED,
  download: COUNTED,
  admin: COUNTED,
  portal: COUNTED,
  auth: COUNTED_AT_AUTH,
};

export const isLimited = ({ countedAs }: Pick<Call, 'countedAs'>): boolean => (countedAs ?? '') in ALWAYS;

/** A refusal for the credential, a limit or a failure may be another at the next try: it is not kept. */
const isReplayed = (status: number): boolean => status < 500 && status !== 401 && status !== 429;

/** The headers of an answer of a call, by its status. */
export function headersOf(
  { countedAs, isRepeatable }: Pick<Call, 'countedAs' | 'isRepeatable'>,
  status: number,
): readonly HeaderName[] {
  const counted = ALWAYS[countedAs ?? ''] ?? [];
  const always = isRepeatable && isReplayed(status) ? [...counted, 'Idempotency-Replayed' as const] : counted;
  if (status === 503) return [...always, 'Retry-After'];
  if (status !== 429) return always;
  return [...new Set([...always, ...COUNTED, 'Retry-After' as const])];
}

/** Those that the call's own decorator gives an answer. */
export const ownHeaders = ({ facts }: Pick<Call, 'facts'>, status: number): Record<string, Header> =>
  Object.fromEntries(
    Object.entries(facts?.headers ?? {})
      .filter(([, { on }]) => (on === undefined ? status < 400 : on.includes(status)))
      .map(([name, { description, example }]) => [
        name,
        { description, required: true, schema: { type: 'string', examples: [example] } },
      ]),
  );

export const referTo = (names: readonly HeaderName[]): Record<string, { $ref: string }> =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
