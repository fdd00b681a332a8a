import type { Client } from './client.ts';
import type { Report } from './report.ts';
import type { Seals } from './seals.ts';

/** What every scene of the demo plays on. */
export interface Stage {
  readonly report: Report;
  readonly client: Client;
  readonly seals: Seals;
  /** Eight hexadecimal digits that no other run has. */
  readonly runId: string;
  /** An empty folder for what is downloaded. */
  readonly folder: string;
}

/** What was sold. */
export interface Sale {
  readonly product: string;
  readonly policy: string;
  readonly licenseId: string;
  readonly licenseKey: string;
}
