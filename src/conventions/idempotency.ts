import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DataSource } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import {
  claimIdempotencyKey,
  findAnswer,
  keepAnswer,
  type StoredAnswer,
} from '../database/idempotency-keys.js';
import { onPool, type Run } from '../database/statements.js';
import { isRecord } from '../http/checks.js';
import { ENVELOPES } from '../http/envelopes.js';
import { headersOf } from '../http/error-filter.js';
import { conflict, idempotencyKeyConflict } from '../http/errors.js';
import { planeOf } from '../http/planes.js';
import { toFailure } from '../http/to-failure.js';
import { Pepper, type KeyHash } from '../signing/data-keys.js';
import { Vault } from '../signing/vault.js';
import type { AdminCall } from './admin-call.js';

const KEPT_MS = 24 * 3_600_000;

/** What a caller gets, and gets again. */
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What a request came to: a body of its own, an answer of before, or a refusal to be thrown. */
export type Outcome =
  { readonly body: unknown } | ({ readonly replayed: true } & Answer) | { readonly refusal: unknown };

/** A refusal that would be the same at the next try; a credential, a limit or a failure may be another by then. */
const isKept = (status: number): boolean => status >= 400 && status < 500 && status !== 401 && status !== 429;

/** Headers of a success that belong to the answer rather than to the moment. */
const KEPT_HEADERS = ['etag', 'location'] as const;

/** Everything that makes it the same request: what is asked of what, under which condition. */
function requestHashOf({ request }: AdminCall): Buffer {
  const parts = [request.method, request.originalUrl, request.headers['if-match'] ?? ''];
  return createHash('sha256')
    .update(JSON.stringify(parts))
    .update(request.rawBody ?? '')
    .digest();
}

/**
 * Gives the answer of a request again instead of its effect. Key, effect and answer are one transaction: a crash leaves
 * all of them behind or none, so that a repetition finds the answer or is the first to have an effect.
 */
@Injectable()
export class Idempotency {
  private readonly run: Run;

  constructor(
    dataSource: DataSource,
    private readonly pepper: Pepper,
    private readonly vault: Vault,
    private readonly clock: Clock,
  ) {
    this.run = onPool(poolOf(dataSource));
  }

  /**
   * Call it in a unit of work. Answers what `handle` does, or what it did before.
   * @throws ApiError 409 while the same key is at work, and for one that was used for another request
   */
  async once(call: AdminCall, key: string, handle: () => Promise<unknown>): Promise<Outcome> {
    const { type, id } = call.principal;
    const hash = this.pepper.hash('idempotency-key', `${type}:${id}\0${key}`);
    const requestHash = requestHashOf(call);
    if (!(await claimIdempotencyKey(this.run, hash))) {
      throw conflict('A request with this Idempotency-Key is still running');
    }
    const now = this.clock.now();
    const stored = await findAnswer(this.run, hash, now);
    if (stored !== null) return this.replay(hash, stored, requestHash);
    const [outcome, told] = await this.attempt(call, handle);
    const answer = this.vault.seal('idempotent-answer', nameOf(hash), encoded(told));
    const expiresAt = new Date(now.getTime() + KEPT_MS);
    const mentions = mentionedIn(told.body);
    await keepAnswer(this.run, hash, { requestHash, answer, mentions }, { now, expiresAt });
    return outcome;
  }

  private replay(hash: KeyHash, stored: StoredAnswer, requestHash: Buffer): Outcome {
    if (!stored.requestHash.equals(requestHash)) throw idempotencyKeyConflict();
    if (stored.answer === null) throw conflict('The answer to this request has been erased');
    const answer = decoded(this.vault.open('idempotent-answer', nameOf(hash), stored.answer));
    return { replayed: true, ...answer, headers: { ...answer.headers, 'idempotency-replayed': 'true' } };
  }

  /** The transactions of `handle` are savepoints here: a refusal has undone its own, and is itself worth keeping. */
  private async attempt(
    { request, reply }: AdminCall,
    handle: () => Promise<unknown>,
  ): Promise<[Outcome, Answer]> {
    try {
      const body = await handle();
      return [{ body }, { status: reply.statusCode, headers: keptHeaders(reply), body }];
    } catch (error) {
      const plane = planeOf(request.originalUrl);
      const failure = toFailure(error, plane);
      if (!isKept(failure.status)) throw error;
      const answer = { status: failure.status, headers: headersOf(failure), body: ENVELOPES[plane](failure) };
      return [{ refusal: error }, answer];
    }
  }
}

const keptHeaders = (reply: FastifyReply): Record<string, string> =>
  Object.fromEntries(
    KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    }),
  );

/** What names the resources that an answer tells of, one or a list of them. */
const mentionedIn = (body: unknown): string[] => {
  const data = isRecord(body) ? body.data : null;
  const resources = (Array.isArray(data) ? data : [data]).filter(isRecord);
  const ids = resources.flatMap(({ id, customer_id }) => [id, customer_id]);
  return [...new Set(ids.filter((id) => typeof id === 'string').filter((id) => isUuid(id)))];
};

const nameOf = (hash: KeyHash): string => hash.toString('hex');

const encoded = (answer: Answer): Buffer => Buffer.from(JSON.stringify(answer));

const decoded = (bytes: Buffer): Answer => JSON.parse(bytes.toString()) as Answer;
