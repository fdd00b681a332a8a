import { PrivateTarget } from '../access/outbound.js';

/** Why no answer came, in our own words: an error's text may name what only we can see. By the code that Node gives it. */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'The connection was refused.'],
  [/^(ENOTFOUND|EAI_\w+)$/, 'The host name could not be resolved.'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'The connection was closed before an answer came.'],
  [/^(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ENETDOWN|EHOSTDOWN)$/, 'The host could not be reached.'],
  [/^ETIMEDOUT$/, 'The connection timed out.'],
  [
    /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO$)/,
    'The TLS connection was not accepted.',
  ],
  [/^HPE_/, 'The answer was not HTTP.'],
];

/** @param error what the request failed with; several addresses that all failed come as one error with the first's code */
export function failureSentence(error: unknown): string {
  if (error instanceof PrivateTarget) return 'The host name leads to a private address.';
  const code = String((error as NodeJS.ErrnoException | null)?.code ?? '');
  return SENTENCES.find(([pattern]) => pattern.test(code))?.[1] ?? 'The request failed.';
}

/** Why an answer is no acceptance. */
export function refusalSentence(status: number): string {
  const isRedirect = status >= 300 && status < 400;
  return `The receiver answered ${status}${isRedirect ? '; redirects are not followed' : ''}.`;
}
