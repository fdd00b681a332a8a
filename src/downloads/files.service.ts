import { Injectable } from '@nestjs/common';
import { create as contentDisposition } from 'content-disposition';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { findTokenFiles, type AskedToken, type TokenFile } from '../database/download-tokens.js';
import { gather, TOGETHER } from '../database/gather.js';
import { onPool } from '../database/statements.js';
import { unauthorized } from '../http/errors.js';
import { Pepper } from '../signing/data-keys.js';
import { ArtifactStorage } from '../storage/artifact-storage.js';
import { fileAnswer, type FileAnswer, type FileRequest } from './file-answer.js';

/** 32 bytes in base64url: anything else was never a token, and needs no look-up. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** The bytes behind a token. Nothing is remembered between two requests: a token may die in between. */
@Injectable()
export class FilesService {
  private readonly fileOf: (asked: AskedToken) => Promise<TokenFile | null>;

  constructor(
    dataSource: DataSource,
    private readonly pepper: Pepper,
    private readonly storage: ArtifactStorage,
    private readonly clock: Clock,
  ) {
    const pool = onPool(poolOf(dataSource));
    this.fileOf = gather((asked: readonly AskedToken[]) => findTokenFiles(pool, asked), TOGETHER);
  }

  /** @throws ApiError 401, 412, 416 */
  async open(token: string, { method, headers }: FileRequest): Promise<FileAnswer> {
    const file = await this.find(token);
    const disposition = contentDisposition(file.filename);
    const served = await this.storage.serve(file.storageKey, { method, contentDisposition: disposition });
    if (served.kind === 'redirect') return { status: 302, headers: { Location: served.url } };
    const etag = `"${file.sha256}"`;
    const answer = await fileAnswer({ ...served, etag, size: file.size }, { method, headers });
    return {
      ...answer,
      headers: {
        ...answer.headers,
        'Content-Type': 'application/octet-stream',
        'Content-Disposition': disposition,
        'X-Content-Type-Options': 'nosniff',
      },
    };
  }

  private async find(token: string): Promise<TokenFile> {
    const file = TOKEN.test(token)
      ? await this.fileOf({ hash: this.pepper.hash('download-token', token), now: this.clock.now() })
      : null;
    if (file === null) throw unauthorized('Invalid download token');
    return file;
  }
}
