import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type CallHandler, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { from, lastValueFrom, map, type Observable } from 'rxjs';
import { DataSource } from 'typeorm';
import { Bounded } from '../access/bounded.js';
import { poolOf } from '../database/data-source.js';
import { isOvertaken } from '../database/idempotency-keys.js';
import { asOneUnit } from '../database/unit-of-work.js';
import { isRecord } from '../http/checks.js';
import { unavailable } from '../http/errors.js';
import { etagOf } from '../http/etag.js';
import { adminCallOf, type AdminCall } from './admin-call.js';
import { Idempotency, type Outcome } from './idempotency.js';
import { Preconditions } from './preconditions.js';

/** Others change the same resource at the same moment; they are not that many. */
const MOST_TRIES = 10;

/** Longer with each try and never the same, so that those who met once do not meet again. */
const pauseMs = (tried: number): number => Math.random() * 10 * 2 ** Math.min(tried, 5);

const WAITING = 256;

/** An answer that stands for one resource tells its version. */
function withEtag(call: AdminCall, answer: unknown): unknown {
  const etag = etagOf(isRecord(answer) ? answer.data : null);
  if (etag !== null) call.reply.header('etag', etag);
  return answer;
}

/**
 * What every call of the admin plane can be told, in one place: `Idempotency-Key` for calls that change something,
 * `If-Match` for changes to a resource, and `ETag` on what answers one.
 */
@Injectable()
export class AdminConventions {
  /** Such a request holds a connection to its end and may need one more: were all taken, none could end. */
  private readonly bounded: Bounded;

  constructor(
    private readonly reflector: Reflector,
    private readonly dataSource: DataSource,
    private readonly idempotency: Idempotency,
    private readonly preconditions: Preconditions,
  ) {
    const connections = poolOf(dataSource).options.max;
    this.bounded = new Bounded({ running: Math.max(1, Math.floor(connections / 2) - 1), waiting: WAITING });
  }

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const call = adminCallOf(context, this.reflector);
    if (call === null) return next.handle();
    if (call.idempotencyKey === null && call.ifMatch === null) {
      return next.handle().pipe(map((answer) => withEtag(call, answer)));
    }
    const handle = async () =>
      withEtag(call, await lastValueFrom(next.handle(), { defaultValue: undefined }));
    return from(this.bounded.run(() => this.inOneUnit(call, handle)));
  }

  private async inOneUnit(call: AdminCall, handle: () => Promise<unknown>): Promise<unknown> {
    // On one snapshot a resource can't change between the look at its version and the change. A star asks for no version.
    const isolation = call.ifMatch === null || call.ifMatch.trim() === '*' ? undefined : 'REPEATABLE READ';
    for (let tried = 0; tried < MOST_TRIES; tried++) {
      try {
        return tell(call, await asOneUnit(this.dataSource, () => this.once(call, handle), isolation));
      } catch (error) {
        if (isolation === undefined || !isOvertaken(error)) throw error;
        await sleep(pauseMs(tried));
      }
    }
    throw unavailable(new Error('The resource was changed by others at every try'));
  }

  private async once(call: AdminCall, handle: () => Promise<unknown>): Promise<Outcome> {
    const conditional = async () => {
      if (call.ifMatch !== null) await this.preconditions.require(call, call.ifMatch);
      return handle();
    };
    return call.idempotencyKey === null
      ? { body: await conditional() }
      : this.idempotency.once(call, call.idempotencyKey, conditional);
  }
}

/** After the commit: a refusal that is kept is thrown only now, and takes the way of every other. */
function tell({ reply }: AdminCall, outcome: Outcome): unknown {
  if ('refusal' in outcome) throw outcome.refusal;
  if ('replayed' in outcome) void reply.status(outcome.status).headers(outcome.headers);
  return outcome.body;
}
