import { Readable } from 'node:stream';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { stringify } from 'csv-stringify/sync';
import { DataSource } from 'typeorm';
import { Clock } from '../../clock.js';
import { recordAudit } from '../../database/audit.js';
import {
  exportLicenses,
  exportSeats,
  type ExportedLicense,
  type ExportedSeat,
  type NextRows,
} from '../../database/exports.js';
import type { Run } from '../../database/statements.js';
import type { Actor } from '../../domain/actor.js';
import { escapeFormula } from '../../domain/formula-escape.js';
import { unavailable } from '../../http/errors.js';
import { Ticker } from '../../jobs/ticker.js';
import type { FileFormat } from './file-format.js';
import { PatientDatabase } from '../../database/patient-database.js';
import type { ExportLicensesQuery, ExportSeatsQuery } from './transfer.dto.js';

/** The columns in their order: those of an import, but for the key, of which nothing but the hint is kept. */
export const LICENSE_COLUMNS = [
  'id',
  'key_hint',
  'product',
  'policy',
  'customer_id',
  'status',
  'status_reason',
  'max_activations',
  'expires_at',
  'updates_until',
  'minimum_version',
  'limits',
  'features',
  'metadata',
  'created_at',
] as const satisfies readonly (keyof ExportedLicense)[];

export const SEAT_COLUMNS = [
  'license_id',
  'hardware_id',
  'hostname',
  'platform',
  'arch',
  'version',
  'activated_at',
  'last_seen_at',
  'offline_until',
] as const satisfies readonly (keyof ExportedSeat)[];

/** Each holds a connection and a snapshot for as long as its reader takes. */
const MOST_AT_ONCE = 2;

function cellOf(value: unknown): string {
  if (value === null) return '';
  if (value instanceof Date) return value.toISOString();
  return escapeFormula(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

/** Who takes nothing for a minute is cut off by the server; this is for those who take a byte now and then. */
const LONGEST_MS = 3_600_000;

type Write = (columns: readonly string[], rows: readonly object[]) => string;

const writeCsv = (lines: readonly (readonly string[])[]): string =>
  // A break of either kind is quoted: an importer may take each for the end of a row.
  stringify([...lines], { quoted_match: /[\r\n]/ });

const WRITE = {
  csv: (columns, rows) => writeCsv(rows.map((row) => columns.map((name) => cellOf(Reflect.get(row, name))))),
  ndjson: (columns, rows) =>
    rows
      .map((row) => Object.fromEntries(columns.map((name) => [name, Reflect.get(row, name)])))
      .map((row) => `${JSON.stringify(row)}\n`)
      .join(''),
} as const satisfies Record<FileFormat, Write>;

/** Reads whole tables on one snapshot each, no faster than they are taken. */
@Injectable()
export class ExportsService implements OnModuleInit {
  /** The files under way, and when each began. */
  private readonly files = new Map<Readable, Date>();
  private running = 0;

  constructor(
    private readonly patient: PatientDatabase,
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly ticker: Ticker,
  ) {}

  onModuleInit(): void {
    this.ticker.every({ name: 'export-deadline', run: () => this.endOverdue() });
  }

  private async endOverdue(): Promise<void> {
    const earliest = this.clock.now().getTime() - LONGEST_MS;
    // A file that breaks off takes its connection along, so that nobody takes it for a whole one.
    for (const [file, began] of this.files) {
      if (began.getTime() < earliest) file.destroy(new Error('The export took too long'));
    }
  }

  /** @throws ApiError 503 when too many run already */
  async licenses(query: ExportLicensesQuery, actor: Actor): Promise<Readable> {
    const choice = { ...query, customerId: query.customer_id };
    const file = await this.open(LICENSE_COLUMNS, query.format, (run) => exportLicenses(run, choice));
    return this.noted(file, 'license', query, actor);
  }

  /** @throws ApiError 503 when too many run already */
  async seats(query: ExportSeatsQuery, actor: Actor): Promise<Readable> {
    const choice = { product: query.product, licenseId: query.license_id };
    const file = await this.open(SEAT_COLUMNS, query.format, (run) => exportSeats(run, choice));
    return this.noted(file, 'activation', query, actor);
  }

  /** The file, once it is on record who takes it: nothing leaves before. */
  private async noted(
    file: Readable,
    subject: 'license' | 'activation',
    query: ExportLicensesQuery | ExportSeatsQuery,
    actor: Actor,
  ): Promise<Readable> {
    const { format, ...filters } = query;
    try {
      await this.dataSource.transaction((manager) =>
        recordAudit(manager, actor, this.clock.now(), {
          action: `${subject}.exported`,
          subjectType: subject,
          subjectId: null,
          details: { format, filters },
        }),
      );
      return file;
    } catch (error) {
      file.destroy();
      throw error;
    }
  }

  /** The first rows are read before it answers: what fails at once is refused properly. */
  private async open(
    columns: readonly string[],
    format: FileFormat,
    begin: (run: Run) => Promise<NextRows<object>>,
  ): Promise<Readable> {
    if (this.running === MOST_AT_ONCE) throw unavailable();
    this.running++;
    const ends: (() => Promise<void>)[] = [];
    const end = async () => {
      this.running--;
      for (const each of ends) await each();
    };
    try {
      const transaction = await this.patient.begin('REPEATABLE READ');
      ends.push(() => transaction.end());
      const next = await begin(transaction.run);
      const file = Readable.from(written(columns, format, await next(), next), { objectMode: false });
      // However it ends, also when nobody has begun to read it.
      this.files.set(file, this.clock.now());
      return file.once('close', () => {
        this.files.delete(file);
        void end().catch(() => undefined);
      });
    } catch (error) {
      await end();
      throw error;
    }
  }
}

async function* written(
  columns: readonly string[],
  format: FileFormat,
  first: readonly object[],
  next: NextRows<object>,
): AsyncGenerator<string> {
  if (format === 'csv') yield writeCsv([columns]);
  for (let rows = first; rows.length > 0; rows = await next()) yield WRITE[format](columns, rows);
}
