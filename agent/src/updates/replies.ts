import type { IncomingHttpHeaders } from 'node:http';
import type { FileReply } from './file-request.js';
import type { VerifiedDownload } from './verified-download.js';

/** What to make of an answer to a request for bytes. */
export type Reading =
  /** The bytes from the one that was asked for. */
  | { readonly kind: 'rest' }
  /** All bytes from the first one. */
  | { readonly kind: 'whole' }
  /** What is there is not the beginning of this file. */
  | { readonly kind: 'useless part' }
  | { readonly kind: 'expired' }
  /** Not now; perhaps later. */
  | { readonly kind: 'later'; readonly why: string }
  /** Not this file, or nothing that asking again would change. */
  | { readonly kind: 'wrong'; readonly why: string };

const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+|\*)$/;

const isEncoded = (headers: IncomingHttpHeaders) =>
  !['', 'identity'].includes((headers['content-encoding'] ?? '').trim().toLowerCase());

function readWhole({ headers }: FileReply, size: number): Reading {
  if (isEncoded(headers)) return { kind: 'wrong', why: 'sent it compressed, which was not asked for' };
  const length = headers['content-length'];
  if (length !== undefined && Number(length) !== size) {
    return { kind: 'wrong', why: `sent ${length} bytes where ${size} are signed` };
  }
  return { kind: 'whole' };
}

function readRest({ headers }: FileReply, from: number, size: number): Reading {
  if (isEncoded(headers)) return { kind: 'wrong', why: 'sent it compressed, which was not asked for' };
  const [, first, , total] = CONTENT_RANGE.exec(headers['content-range'] ?? '') ?? [];
  // Nothing can be glued to what is there; beginning anew may help.
  if (first === undefined || Number(first) !== from) return { kind: 'useless part' };
  if (total !== '*' && Number(total) !== size) {
    return { kind: 'wrong', why: `speaks of ${total} bytes where ${size} are signed` };
  }
  return { kind: 'rest' };
}

/** Reads the head of an answer to a request for all bytes from `from`. */
export function readReply(reply: FileReply, from: number, { size }: VerifiedDownload): Reading {
  const { status } = reply;
  // A portal that wants a login or a payment first: what is there must not give way to its page.
  if (reply.headers['content-type']?.toLowerCase().startsWith('text/html') && status < 400) {
    return { kind: 'later', why: 'answered with a web page' };
  }
  if (status === 200) return readWhole(reply, size);
  if (status === 206)
    return from > 0 ? readRest(reply, from, size) : { kind: 'later', why: 'sent a part unasked' };
  if (status === 416 && from > 0) return { kind: 'useless part' };
  if (status === 401 && !reply.isRedirected) return { kind: 'expired' };
  const why = `answered with status ${status}`;
  // An address in object storage has an end of its own; the service gives another.
  const mayPass = status >= 500 || status === 408 || status === 425 || status === 429 || reply.isRedirected;
  return { kind: mayPass ? 'later' : 'wrong', why };
}
