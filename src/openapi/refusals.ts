import { VERDICTS, type LicenseCode } from '../domain/verdicts.js';
import { ERRORS, type Details, type ErrorCode } from '../http/errors.js';
import { PLANES, type Plane } from '../http/planes.js';
import { sentence, SENTENCES } from '../http/sentences.js';
import { failureOfStatus } from '../http/to-failure.js';
import { credentialsOf, namedBy, type Call } from './call.js';
import { PROOF } from './refusal-schemas.js';
import { isLimited } from './headers.js';

/** A refusal as it is told, whatever the envelope. */
export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode | LicenseCode;
  readonly error: string;
  readonly details?: Details;
  readonly extra?: Readonly<Record<string, unknown>>;
}

const CODE_OF: Readonly<Record<number, ErrorCode>> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  412: 'CONFLICT',
  503: 'INTERNAL_ERROR',
};

const TAKEN = new RegExp(`^${SENTENCES.taken.replace(':field', '(.+)')}$`);

/** A value that is another's names its field, too. */
function detailsOf(text: string): Pick<Refusal, 'details'> {
  const [, field] = TAKEN.exec(text) ?? [];
  return field === undefined ? {} : { details: { [field.replaceAll(' ', '_')]: [text] } };
}

const told = (status: number, text: string): Refusal => ({
  status,
  code: CODE_OF[status] ?? 'VALIDATION_ERROR',
  error: text,
  ...detailsOf(text),
});

const said = (status: number, ...sentences: readonly string[]): Refusal[] =>
  sentences.map((each) => told(status, each));

/** What a status is answered with when no route has said anything else. */
export const usual = (status: number): Refusal[] => {
  const { code: usualCode, error: usualError } = failureOfStatus(status, null);
  return [{ status, code: usualCode, error: usualError }];
};

/** A field that nobody declares is refused everywhere, so this is the one example that fits every call. */
function badField({ plane }: Call): Refusal[] {
  const rules = PLANES[plane].badFields;
  const message = sentence('prohibited', 'colour');
  return [
    {
      status: rules.status,
      code: 'VALIDATION_ERROR',
      error: rules.error ?? message,
      details: { colour: [message] },
    },
  ];
}

/** With the proof that a panel gets which sends a nonce, as the examples do. */
const verdict = (code: LicenseCode, plane: Plane): Refusal => ({
  ...VERDICTS[code],
  code,
  ...(plane === 'license' && { extra: { proof: PROOF.example } }),
  ...(code === 'VERSION_TOO_LOW' && {
    details: { version: ['The version field must be at least 1.0.0.'] },
  }),
});

/** A browser sends a cookie whoever has asked it to. */
const mayBeForged = (call: Call): boolean =>
  call.method !== 'get' && credentialsOf(call).some((each) => 'session_cookie' in each);

const isOpen = ({ found }: Call): boolean =>
  found.security === undefined || found.security.some((each) => Object.keys(each).length === 0);

/** Everything a call may be refused with, besides what its own decorator says. */
function ofTheCall(call: Call): Refusal[] {
  const { plane, permissions, takesJson, takesBytes, facts } = call;
  const own = facts?.refuses ?? {};
  const isApi = call.segment !== null;
  const isChange = (permissions ?? []).some(({ kind }) => kind === 'write');
  return [
    ...(takesJson ? said(400, 'Malformed JSON') : []),
    ...(call.isRepeatable
      ? [
          ...said(400, 'Idempotency-Key must have 1 to 255 visible ASCII characters'),
          ...said(
            409,
            'A request with this Idempotency-Key is still running',
            'The answer to this request has been erased',
          ),
          {
            status: 409,
            code: 'IDEMPOTENCY_KEY_CONFLICT' as const,
            error: ERRORS.IDEMPOTENCY_KEY_CONFLICT.error,
          },
        ]
      : []),
    ...(isChange && takesBytes ? said(400, 'This call takes no Idempotency-Key') : []),
    ...(isChange && !call.isConditional ? said(400, 'This call takes no If-Match') : []),
    ...(call.isConditional ? said(412, 'The resource has changed since it was read') : []),
    ...(plane === 'admin' ? said(401, 'Invalid or missing API key') : []),
    ...(plane === 'panel' && !isOpen(call) && own[401] === undefined
      ? said(401, 'Missing authorization')
      : []),
    ...(permissions ?? []).flatMap(({ resource }) => said(403, `API key is not scoped for '${resource}'`)),
    ...(mayBeForged(call) ? said(403, 'The request came from another site') : []),
    ...(own[404] === undefined
      ? call.pathParameters.flatMap((name) =>
          name.endsWith('id') ? said(404, `${namedBy(call, name)} not found`) : [],
        )
      : []),
    ...(takesJson || takesBytes ? [...usual(413), ...usual(415)] : []),
    ...(isApi ? badField(call) : []),
    ...(isLimited(call) ? usual(429) : []),
    ...(isApi ? [...usual(500), ...usual(503)] : []),
  ];
}

/** In the order of the statuses; within one, the call's own words come first. */
export function refusalsOf(call: Call): ReadonlyMap<number, readonly Refusal[]> {
  const own = Object.entries(call.facts?.refuses ?? {}).flatMap(([status, sentences]) =>
    said(Number(status), ...sentences),
  );
  const all = [
    ...(call.facts?.verdicts ?? []).map((each) => verdict(each, call.plane)),
    ...own,
    ...ofTheCall(call),
  ];
  return new Map([...Map.groupBy(all, ({ status }) => status)].toSorted(([one], [other]) => one - other));
}
