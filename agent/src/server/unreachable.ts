/**
 * The service gave no answer that can be believed: no network, a broken one, or something else that answers in its place.
 * Never a refusal. `message` is a sentence without its full stop.
 */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  /** Seconds that the service asked to wait. */
  readonly retryAfterSeconds: number | null;

  constructor(message: string, options: ErrorOptions & { readonly retryAfterSeconds?: number | null } = {}) {
    super(message, options);
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

const LATE = 'it did not answer in time';
const BROKEN = 'the connection was broken off';
const NO_TLS = 'it speaks no TLS there; check the port, or whether the address begins with http://';
const UNKNOWN_ISSUER = 'its TLS certificate has an unknown issuer; name that in NODE_EXTRA_CA_CERTS';

/** What failed below HTTP, by the code of the system call or of TLS, as somebody can act on it. */
const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; check the address and its port, or whether the server runs',
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  UND_ERR_SOCKET: BROKEN,
  ENOTFOUND: 'its name is unknown; check the address and the DNS',
  EAI_AGAIN: 'its name could not be looked up; check the DNS',
  ENETUNREACH: 'there is no network',
  EHOSTUNREACH: 'there is no way to that host',
  ETIMEDOUT: LATE,
  UND_ERR_CONNECT_TIMEOUT: LATE,
  UND_ERR_HEADERS_TIMEOUT: LATE,
  UND_ERR_BODY_TIMEOUT: LATE,
  CERT_HAS_EXPIRED:
    "its TLS certificate has expired; its operator must renew it, unless this machine's clock is wrong",
  CERT_NOT_YET_VALID: "its TLS certificate is not valid yet; check this machine's clock",
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its TLS certificate is self-signed; name it in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_ISSUER,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_ISSUER,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  EPROTO: NO_TLS,
  ERR_TLS_CERT_ALTNAME_INVALID: 'its TLS certificate is for another name',
};

/** How far `cause` is followed. */
const MOST_CAUSES = 4;

/** What is looked at of an error. It may come from anywhere: `instanceof` says little of what `fetch` throws. */
interface Thrown {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** The codes of an error and of whatever caused it; of several attempts at one host, those of each. */
function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > MOST_CAUSES) return [];
  const { name, code, cause, errors } = error as Thrown;
  if (name === 'TimeoutError') return ['ETIMEDOUT'];
  const inner: unknown[] = Array.isArray(errors) ? errors : [cause];
  return [...(typeof code === 'string' ? [code] : []), ...inner.flatMap((each) => codesOf(each, depth + 1))];
}

/** What the first cause says of itself. */
function messageOf(error: unknown): string {
  const { message, cause } = (error ?? {}) as Thrown;
  if (cause !== undefined && cause !== error) return messageOf(cause);
  if (message === 'bad port') return 'that port is kept for something else; check the address';
  return typeof message === 'string' ? message : 'it failed';
}

/** The sentence for an error of `fetch`, whose own message only says that it failed. */
export function unreachable(origin: string, error: unknown): UnreachableError {
  if (error instanceof UnreachableError) return error;
  const codes = codesOf(error);
  const known = codes.map((code) => CAUSES[code]).find((sentence) => sentence !== undefined);
  const what = known ?? codes[0] ?? messageOf(error);
  return new UnreachableError(`${origin} can't be reached: ${what}`, { cause: error });
}
