import * as v from 'valibot';
import { AgentFault } from '../errors.js';
import { plainLine } from '../plain-text.js';
import type { UpdateOffer } from '../updates/offer.js';
import { callService, type HttpAnswer } from './http.js';
import { UnreachableError } from './unreachable.js';

/** What both calls of the download plane say; field names as on the wire. */
export interface DownloadRequest {
  readonly license_key: string;
  readonly hardware_id: string;
  readonly current_version: string;
  readonly channel: string;
  readonly platform: string;
  readonly arch: string;
  readonly version?: string;
}

const text = v.pipe(v.string(), v.maxLength(1_000));
const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const OFFER = v.object({
  update_available: v.boolean(),
  current_version: text,
  latest_version: text,
  changelog: v.nullable(v.string()),
  released_at: v.nullable(text),
  mandatory: v.boolean(),
  security: v.boolean(),
  size: v.nullable(bytes),
  sha256: v.nullable(text),
  via_version: v.nullable(text),
  updates_expired: v.boolean(),
});

const LINK = v.object({
  url: v.pipe(v.string(), v.maxLength(4_096)),
  expires_in: v.pipe(v.number(), v.minValue(0)),
  version: text,
  signature: v.string(),
});

/** A link to a file, of which only the signature counts. */
export type DownloadLink = v.InferOutput<typeof LINK>;

/** What each bare refusal means to whoever runs the panel. */
const REFUSED: Readonly<Record<string, string>> = {
  'Invalid license': 'The license is not accepted for updates. Run `mooring-agent check` to learn why.',
  'Updates expired': 'The right to updates ended before that version came out. Extend it with your vendor.',
  'Version too low':
    "The panel's version is too old for that update in one step. Run `mooring-agent update` without --to.",
  'Version not found': 'There is no such version in this channel.',
  'Artifact not found': 'There is no file of that version for this platform.',
};

const FAULT_OF = { 401: 'UPDATE_REFUSED', 403: 'UPDATE_REFUSED', 404: 'NO_UPDATE' } as const;

function refused(server: string, { status, body, retryAfterSeconds }: HttpAnswer): AgentFault {
  const said = typeof body.error === 'string' ? plainLine(body.error) : '';
  const code = FAULT_OF[status as keyof typeof FAULT_OF];
  if (code !== undefined && REFUSED[said] !== undefined) return new AgentFault(code, REFUSED[said]);
  const what =
    status === 429 ? 'is asked too often from here' : `answers ${status}: ${said || 'nothing else'}`;
  return new AgentFault('UNREACHABLE', `${server} ${what}. Try again later.`, { retryAfterSeconds });
}

async function call<S extends v.GenericSchema>(
  server: string,
  path: string,
  body: DownloadRequest,
  { now, status, schema }: { readonly now: Date; readonly status: number; readonly schema: S },
): Promise<v.InferOutput<S>> {
  try {
    const answer = await callService({ server, method: 'POST', path, body, now });
    if (answer.status !== status) throw refused(server, answer);
    const parsed = v.safeParse(schema, answer.body);
    if (parsed.success) return parsed.output;
    throw new UnreachableError(`${server} answers with something else than a license server of this version`);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const { message, retryAfterSeconds } = error;
    throw new AgentFault('UNREACHABLE', `${message}.`, { cause: error, retryAfterSeconds });
  }
}

/** What the panel may update to. @throws AgentFault */
export const askUpdate = (server: string, body: DownloadRequest, now: Date): Promise<UpdateOffer> =>
  call(server, '/download/check-update', body, { now, status: 200, schema: OFFER });

/** The right to fetch a file. @throws AgentFault */
export const askLink = (server: string, body: DownloadRequest, now: Date): Promise<DownloadLink> =>
  call(server, '/download/token', body, { now, status: 201, schema: LINK });
