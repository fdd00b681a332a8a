import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ApiError, preconditionFailed } from '../http/errors.js';
import { Chunks } from './chunks.js';
import { conditionOf, partOf } from './conditions.js';
import { FileBody } from './file-body.js';
import { OpenFiles } from './open-files.js';

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

/** Shared by all downloads of the process. */
const chunks = new Chunks();
const openFiles = new OpenFiles();

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
  const part = partOf(method, headers, file);
  if (part === 'unsatisfiable') throw unsatisfiable(size);
  const opened = await openFiles.open(join(root, path));
  if (opened.size !== size) {
    opened.release(true);
    throw new Error('The file of an artifact is not what was uploaded');
  }
  const { start, end } = part ?? { start: 0, end: size };
  const answer = {
    status: part === null ? 200 : 206,
    headers: {
      'Accept-Ranges': 'bytes',
      'Content-Length': end - start,
      ...(part !== null && { 'Content-Range': `bytes ${start}-${end - 1}/${size}` }),
      ETag: etag,
    },
  };
  if (method === 'HEAD') {
    opened.release(false);
    // Fastify takes an answer without a body for an empty one, and would say that its length is 0.
    return { ...answer, body: Readable.from([]) };
  }
  return { ...answer, body: new FileBody(opened, { start, end }, chunks) };
}
