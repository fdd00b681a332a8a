import { STATUS_CODES } from 'node:http';
import { AgentFault, FAULTS, type FaultCode } from '../errors.js';

export type Headers = Readonly<Record<string, string>>;

/** A request that is not granted, told to the panel as it is. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;
  readonly headers: Headers;

  constructor(status: number, code: string, message: string, headers: Headers = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** What the panel is told of each fault: a code of the wire contract, or the fault's own where that tells it more. */
const CODES = {
  USAGE: 'INTERNAL_ERROR',
  KEY_TYPO: 'KEY_TYPO',
  NOT_ACTIVATED: 'NOT_ACTIVATED',
  UNREACHABLE: 'INTERNAL_ERROR',
  HARDWARE_UNKNOWN: 'HARDWARE_UNKNOWN',
  HARDWARE_CHANGED: 'HARDWARE_CHANGED',
  STATE_DAMAGED: 'STATE_DAMAGED',
  STATE_UNWRITABLE: 'STATE_UNWRITABLE',
  BUSY: 'CONFLICT',
  FILE_UNACCEPTABLE: 'VALIDATION_ERROR',
  NO_UPDATE: 'NOT_FOUND',
  DISK_FULL: 'DISK_FULL',
  DOWNLOAD_BROKEN: 'DOWNLOAD_BROKEN',
  UPDATE_REFUSED: 'FORBIDDEN',
  HOOK_FAILED: 'HOOK_FAILED',
} as const satisfies Record<FaultCode, string>;

/** Where the service did not say when to come back. */
const RETRY_AFTER_SECONDS = 30;

export const retryAfter = (seconds: number | null): Headers => ({
  'retry-after': String(Math.max(1, Math.ceil(seconds ?? RETRY_AFTER_SECONDS))),
});

/** The service gave no answer that can be believed. */
export const unreachable = (message: string, retryAfterSeconds: number | null): Refusal =>
  new Refusal(503, 'INTERNAL_ERROR', message, retryAfter(retryAfterSeconds));

export const invalid = (message: string, status = 400): Refusal =>
  new Refusal(status, 'VALIDATION_ERROR', message);

export const notFound = (): Refusal => new Refusal(404, 'NOT_FOUND', 'Not found');

/** Null: nothing that was meant, so it is for the log and not for the panel. */
export function asRefusal(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  if (!(error instanceof AgentFault)) return null;
  // What the panel sends was checked before the agent was asked, so what is wrong is a setting of the agent's own.
  if (error.code === 'USAGE') return new Refusal(500, CODES.USAGE, error.message);
  if (error.code === 'UNREACHABLE') return unreachable(error.message, error.retryAfterSeconds);
  return new Refusal(FAULTS[error.code].status, CODES[error.code], error.message);
}

export const unexpected = (): Refusal => new Refusal(500, 'INTERNAL_ERROR', 'Internal server error');

/** The body of every failure. */
export const envelope = ({ status, code, message }: Refusal) => ({
  success: false,
  code,
  error: message,
  message,
  status,
});

/** What Node's parser refuses, by its code; anything else is a 400. */
const PARSER_REFUSALS = new Map<string | undefined, Refusal>([
  ['HPE_HEADER_OVERFLOW', invalid('Request headers are too large', 431)],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', invalid('Request body is too large', 413)],
  ['ERR_HTTP_REQUEST_TIMEOUT', invalid('Request timed out', 408)],
]);

export const parserRefusal = (code: string | undefined): Refusal =>
  PARSER_REFUSALS.get(code) ?? invalid('Invalid request');

/** On every answer: nothing here is to be kept by a cache or guessed at by a browser. */
export const COMMON_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const satisfies Headers;

/** A whole HTTP answer, for a connection that got no request out. */
export function rawAnswer(refusal: Refusal): string {
  const body = JSON.stringify(envelope(refusal));
  const headers = {
    ...COMMON_HEADERS,
    ...refusal.headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${body}`;
}
