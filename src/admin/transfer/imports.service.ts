import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Readable } from 'node:stream';
import { Clock } from '../../clock.js';
import { CONFIG, type Config } from '../../config.js';
import { recordAudit } from '../../database/audit.js';
import { claimImports, type StagedFlaws } from '../../database/import-checks.js';
import {
  flawsOfLicenses,
  holdCustomersOfLicenses,
  insertStagedLicenses,
  stageLicenses,
  type StagedLicense,
} from '../../database/license-import.js';
import {
  flawsOfSeats,
  insertStagedSeats,
  lockLicensesOfSeats,
  stageSeats,
  type StagedSeat,
} from '../../database/seat-import.js';
import { violatedConstraint } from '../../database/violations.js';
import type { Actor } from '../../domain/actor.js';
import { VERDICTS } from '../../domain/verdicts.js';
import { conflict, fileRefused, invalidRequest, type FileReport } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import { Pepper } from '../../signing/data-keys.js';
import { KeyRing } from '../../signing/key-ring.js';
import { checkedRows, type RowKind } from './checked-rows.js';
import { FileFlaws } from './file-flaws.js';
import type { FileFormat } from './file-format.js';
import { IncomingBytes } from './incoming-bytes.js';
import { licenseRows } from './license-rows.js';
import { PatientDatabase, type PatientTransaction } from '../../database/patient-database.js';
import { flawAt } from './rows.js';
import { seatRows } from './seat-rows.js';
import type { ImportedLicense, ImportedSeat } from './transfer.dto.js';

/** A file as it is sent in. */
export interface SentFile {
  readonly bytes: Readable;
  readonly format: FileFormat;
  readonly dryRun: boolean;
  readonly actor: Actor;
  /** Whether the sender is still there. */
  readonly isAwaited: () => boolean;
  /** Cuts the sender off, unless all of the file has come in. */
  readonly breakOff: () => void;
}

/** One kind of file, within the transaction that takes it. */
interface Intake<Sent extends object, Staged> {
  readonly subject: 'license' | 'activation';
  readonly kind: RowKind<Sent, Staged>;
  readonly stage: (rows: AsyncIterable<Staged>) => Promise<void>;
  /** What the database has against the staged rows; from here on nothing that this was judged by may change. */
  readonly judge: () => Promise<StagedFlaws>;
  readonly insert: () => Promise<number>;
}

const anotherRuns = () => conflict('Another import is running');

const toldOf = ({ flaws, total }: StagedFlaws) =>
  [
    flaws.map(({ line, field, reason }) =>
      flawAt(line, reason === 'full' ? VERDICTS.MAX_ACTIVATIONS.error : sentence(reason, field), field),
    ),
    total,
  ] as const;

/**
 * Takes files of licenses and seats, each whole or not at all: row by row into a table of the transaction, judged there,
 * and then in one statement to where they belong. However long a file is, this process holds a few rows of it.
 */
@Injectable()
export class ImportsService implements OnModuleDestroy {
  private current: SentFile | null = null;
  private isStopping = false;

  constructor(
    private readonly patient: PatientDatabase,
    private readonly pepper: Pepper,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<Config, 'MAX_UPLOAD_BYTES'>,
  ) {}

  /**
   * A file on its way is let go of before the drain, which would wait for the rest of it to the very end and leave little
   * time to undo what has come in.
   */
  onModuleDestroy(): void {
    this.isStopping = true;
    this.current?.breakOff();
  }

  /** @throws ApiError 422 with the report, 400, 409, 413 */
  licenses(file: SentFile): Promise<FileReport> {
    return this.alone<ImportedLicense, StagedLicense>(file, async ({ manager, client, run }, now) => ({
      subject: 'license',
      kind: await licenseRows(manager, this.pepper, now),
      stage: (rows) => stageLicenses(client, run, rows),
      judge: async () => {
        if (!file.dryRun) await holdCustomersOfLicenses(run);
        return flawsOfLicenses(run);
      },
      insert: () => insertStagedLicenses(run, now),
    }));
  }

  /** @throws ApiError 422 with the report, 400, 409, 413 */
  seats(file: SentFile): Promise<FileReport> {
    return this.alone<ImportedSeat, StagedSeat>(file, async ({ client, run }, now) => ({
      subject: 'activation',
      kind: seatRows(this.pepper, now),
      stage: (rows) => stageSeats(client, run, rows, now),
      judge: async () => {
        if (!file.dryRun) await lockLicensesOfSeats(run);
        return flawsOfSeats(run);
      },
      insert: () => insertStagedSeats(run, this.ring.signer(now).kid),
    }));
  }

  private async alone<Sent extends object, Staged>(
    file: SentFile,
    intakeOf: (transaction: PatientTransaction, now: Date) => Promise<Intake<Sent, Staged>>,
  ): Promise<FileReport> {
    if (this.current !== null) throw anotherRuns();
    this.current = file;
    if (this.isStopping) file.breakOff();
    try {
      const transaction = await this.patient.begin('READ COMMITTED');
      try {
        if (!(await claimImports(transaction.run))) throw anotherRuns();
        const now = this.clock.now();
        return await this.take(file, transaction, await intakeOf(transaction, now), now);
      } finally {
        await transaction.end();
      }
    } catch (error) {
      // What was free when it was looked at is no more: the same file will be told where.
      if (violatedConstraint(error) !== null)
        throw conflict('Something that the file names has changed meanwhile');
      throw error;
    } finally {
      this.current = null;
    }
  }

  private async take<Sent extends object, Staged>(
    { bytes, format, dryRun, actor, isAwaited }: SentFile,
    { manager, commit }: PatientTransaction,
    { subject, kind, stage, judge, insert }: Intake<Sent, Staged>,
    now: Date,
  ): Promise<FileReport> {
    const incoming = new IncomingBytes(bytes, this.config.MAX_UPLOAD_BYTES);
    const flaws = new FileFlaws();
    const count = { rows: 0 };
    await stage(checkedRows(kind, { format, chunks: incoming.text() }, flaws, count));
    flaws.merge(...toldOf(await judge()));
    const facts = { rows: count.rows, dry_run: dryRun };
    if (flaws.total > 0) throw fileRefused(flaws.report({ ...facts, imported: 0 }));
    if (dryRun) return flaws.report({ ...facts, imported: 0 });
    const imported = await insert();
    await recordAudit(manager, actor, now, {
      action: `${subject}.imported`,
      subjectType: subject,
      subjectId: null,
      details: { rows: imported, format, sha256: incoming.sha256() },
    });
    // Who has left would never know, and would send it again.
    if (!isAwaited()) throw invalidRequest('The upload broke off');
    await commit();
    return flaws.report({ ...facts, imported });
  }
}
