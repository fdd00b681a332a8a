import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { send, type SendOptions } from '@fastify/send';
import { ApiError, preconditionFailed } from '../http/errors.js';
import { conditionOf, rangeOf } from './conditions.js';

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

/** All that the library looks at, without conditions: it would judge them again, by a tag that it does not have. */
const asRequest = (method: string, range: string | undefined): Readable =>
  ({ method, headers: range === undefined ? {} : { range } }) as unknown as Readable;

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
  const range = rangeOf(method, headers, file);
  const result = await send(asRequest(method, range), path, { ...OPTIONS, root });
  if (result.statusCode === 416) throw unsatisfiable(size);
  if (result.type === 'error') throw result.metadata.error;
  if (result.type !== 'file' || result.metadata.stat.size !== size) {
    result.stream.destroy();
    throw new Error('The file of an artifact is not what was uploaded');
  }
  return { status: result.statusCode, headers: { ...result.headers, ETag: etag }, body: result.stream };
}
