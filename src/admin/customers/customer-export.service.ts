import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { licenseBody } from '../../access/license-body.js';
import { Clock } from '../../clock.js';
import {
  exportedEvents,
  exportedMoves,
  exportedSeats,
  exportedSessions,
  exportedUsers,
  licenseBatches,
} from '../../database/customer-export.js';
import { recordAudit } from '../../database/audit.js';
import { poolOf } from '../../database/data-source.js';
import type { Actor } from '../../domain/actor.js';
import { loadLicenseViews } from '../../database/license-views.js';
import { onPool, type Run } from '../../database/statements.js';
import { eventBody } from '../audit/audit-body.js';
import { customerBody } from './customer-body.js';
import { writtenDocument, type Section } from './customer-document.js';
import { CustomersService } from './customers.service.js';

async function* each<A, B>(batches: AsyncIterable<A>, read: (batch: A) => Promise<B[]>): AsyncGenerator<B[]> {
  for await (const batch of batches) yield read(batch);
}

/**
 * All that is kept about a customer as one JSON document, for whoever asks what that is. It is read page by page as it is
 * taken, whatever its size, and holds no connection in between: what changes meanwhile may be told as it was or as it is.
 */
@Injectable()
export class CustomerExportService {
  private readonly pool: Run;

  constructor(
    private readonly dataSource: DataSource,
    private readonly customers: CustomersService,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** The document, once it is on record who takes it. @throws 404 */
  async export(id: string, actor: Actor): Promise<Readable> {
    const { customer } = await this.customers.get(id);
    const now = this.clock.now();
    await this.dataSource.transaction((manager) =>
      recordAudit(manager, actor, now, {
        action: 'customer.exported',
        subjectType: 'customer',
        subjectId: customer.id,
        customerId: customer.id,
      }),
    );
    const head = { exported_at: now, customer: customerBody(customer) };
    const document = writtenDocument(head, this.sections(customer.id));
    // One piece ahead is enough: each is some hundred rows.
    return Readable.from(document, { highWaterMark: 1 });
  }

  private sections(id: string): Record<string, Section> {
    const run = this.pool;
    const licensesOf = async (ids: string[]) => (await loadLicenseViews(run, ids)).map(licenseBody);
    return {
      users: exportedUsers(run, id),
      sessions: exportedSessions(run, id),
      licenses: each(licenseBatches(run, id), licensesOf),
      activations: exportedSeats(run, id),
      moves: exportedMoves(run, id),
      audit_events: each(exportedEvents(run, id), async (events) => events.map(eventBody)),
    };
  }
}
