import type { IncomingHttpHeaders } from 'node:http';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { send, type SendOptions } from '@fastify/send';
import { ApiError, preconditionFailed } from '../http/errors.js';
import { Chunks } from './chunks.js';
import { conditionOf, rangeOf } from './conditions.js';
import { FileBody, type Part } from './file-body.js';

/** A request as far as it decides which bytes are answered. */
export interface FileRequest {
  readonly method: 'GET' | 'HEAD';
  readonly headers: IncomingHttpHeaders;
}

/** A file of this machine, and what is known of it. */
export interface LocalFile {
  readonly root: string;
  readonly path: string;
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
}

export interface FileAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  /** Absent where there are no bytes to send. */
  readonly body?: Readable;
}

/** What the library knows of a file is its age and length; its hash is known here, so all that is made of these is ours. */
const OPTIONS: SendOptions = {
  etag: false,
  lastModified: false,
  cacheControl: false,
  contentType: false,
  index: false,
};

/**
 * All that the library looks at, without conditions: it would judge them again, by a tag that it does not have. It is
 * asked for the headers only: the bytes are sent faster by `FileBody`.
 */
const asRequest = (range: string | undefined): Readable =>
  ({ method: 'HEAD', headers: range === undefined ? {} : { range } }) as unknown as Readable;

const CONTENT_RANGE = /^bytes (\d+)-(\d+)\//;

/** The bytes that the headers promise. */
function partIn(headers: Readonly<Record<string, string>>, size: number): Part {
  const [, first, last] = CONTENT_RANGE.exec(headers['Content-Range'] ?? '') ?? [];
  return { start: Number(first ?? 0), end: Number(last ?? size - 1) + 1 };
}

/** Shared by all downloads of the process. */
const chunks = new Chunks();

const unsatisfiable = (size: number): ApiError =>
  new ApiError('VALIDATION_ERROR', {
    status: 416,
    error: 'Range not satisfiable',
    headers: { 'content-range': `bytes */${size}` },
  });

/**
 * Answers a file or a part of it.
 * @throws ApiError 412, 416; any other error when the file is not what its row says
 */
export async function fileAnswer(file: LocalFile, { method, headers }: FileRequest): Promise<FileAnswer> {
  const { root, path, etag, size } = file;
  const condition = conditionOf(headers, etag);
  if (condition === 'failed') throw preconditionFailed('Precondition failed');
  if (condition === 'not modified') return { status: 304, headers: { ETag: etag } };
  const result = await send(asRequest(rangeOf(method, headers, file)), path, { ...OPTIONS, root });
  if (result.statusCode === 416) throw unsatisfiable(size);
  if (result.type === 'error') throw result.metadata.error;
  if (result.type !== 'file' || result.metadata.stat.size !== size) {
    throw new Error('The file of an artifact is not what was uploaded');
  }
  const answer = { status: result.statusCode, headers: { ...result.headers, ETag: etag } };
  // Fastify takes an answer without a body for an empty one, and would say that its length is 0.
  if (method === 'HEAD') return { ...answer, body: result.stream };
  const part = partIn(result.headers, size);
  return { ...answer, body: new FileBody(await open(join(root, path)), part, chunks) };
}
