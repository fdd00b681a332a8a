import { readFileSync } from 'node:fs';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The migrations in the order in which they run. A landed file never changes; a new one goes to the end. */
const MIGRATIONS = [
  { file: '0001-the-license-plane', name: 'TheLicensePlane1795000000001' },
  { file: '0002-people', name: 'People1795000000002' },
  { file: '0003-customers', name: 'Customers1795000000003' },
  { file: '0004-audit-chain', name: 'AuditChain1795000000004' },
  { file: '0005-webhooks', name: 'Webhooks1795000000005' },
  { file: '0006-stats', name: 'Stats1795000000006' },
  { file: '0007-idempotency', name: 'Idempotency1795000000007' },
  { file: '0008-housekeeping', name: 'Housekeeping1795000000008' },
  { file: '0009-lists', name: 'Lists1795000000009' },
  { file: '0010-retention', name: 'Retention1795000000010' },
  { file: '0011-figures', name: 'Figures1795000000011' },
  { file: '0012-former-customers', name: 'FormerCustomers1795000000012' },
] as const;

const read = (file: string, way: 'up' | 'down') =>
  readFileSync(new URL(`../../migrations/${file}.${way}.sql`, import.meta.url), 'utf8');

/** The raw SQL files as the classes that TypeORM runs and records. */
export const migrations = MIGRATIONS.map(
  ({ file, name }) =>
    class implements MigrationInterface {
      readonly name = name;

      async up(runner: QueryRunner): Promise<void> {
        // A migration of a large table may take longer than a request ever should.
        await runner.query('set local statement_timeout = 0');
        await runner.query(read(file, 'up'));
      }

      async down(runner: QueryRunner): Promise<void> {
        await runner.query(read(file, 'down'));
      }
    },
);
