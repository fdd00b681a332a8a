import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { Bounded } from '../../access/bounded.js';
import { listAuditIds, loadAuditViews, type AuditView } from '../../database/audit-views.js';
import { poolOf } from '../../database/data-source.js';
import { ReadReplica } from '../../database/read-replica.js';
import { onPool, type Run } from '../../database/statements.js';
import { parseHead } from '../../domain/audit-chain.js';
import { notFound, unavailable } from '../../http/errors.js';
import { Pepper } from '../../signing/data-keys.js';
import type { AuditQuery, VerifyAuditQuery } from './audit.dto.js';
import { verifyAudit, type Verification } from './verify.js';

/** The audit log as it is read. Nothing here changes it. */
@Injectable()
export class AuditService {
  private readonly pool: Run;
  /** A look through the whole log is seconds of work: many at once would take this process from its panels. */
  private readonly verifications = new Bounded({ running: 1, waiting: 4 });

  constructor(
    dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly pepper: Pepper,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  async list(query: AuditQuery): Promise<[AuditView[], number]> {
    return this.replica.read(async ({ manager, run }) => {
      const [ids, total] = await listAuditIds(manager, query, {
        actorType: query.actor_type,
        actorId: query.actor_id,
        action: query.action,
        subjectType: query.subject_type,
        subjectId: query.subject_id,
        requestId: query.request_id,
        from: query.from,
        to: query.to,
      });
      return [await loadAuditViews(run, ids), total];
    });
  }

  async get(id: string): Promise<AuditView> {
    const [event] = isUuid(id) ? await loadAuditViews(this.pool, [id]) : [];
    if (event === undefined) throw notFound('Audit event');
    return event;
  }

  /** `gone` ends the work when nobody waits for it any more. @throws ApiError 503 when others wait for theirs */
  verify({ head }: VerifyAuditQuery, gone: AbortSignal): Promise<Verification> {
    return this.verifications.run(() =>
      verifyAudit(this.pool, {
        pepper: this.pepper,
        noted: head === undefined ? null : parseHead(head),
        signal: gone,
      }).catch((error: unknown) => {
        // Nobody reads that answer, and nothing has failed.
        throw gone.aborted ? unavailable(error) : error;
      }),
    );
  }
}
