import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { activationFacts, rebindFacts, seatFacts } from '../../access/decision-facts.js';
import { Clock } from '../../clock.js';
import { loadLicenseFacts, type LicenseRecord } from '../../database/license-facts.js';
import { inTransaction, type Run } from '../../database/statements.js';
import { parseHardwareId } from '../../domain/hardware-id.js';
import { explain, type LicenseFacts } from '../../domain/license-policy.js';
import type { LicenseAction } from '../../domain/verdicts.js';
import { withoutBuild } from '../../domain/version.js';
import { fieldErrors, notFound } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import type { Wire } from '../../http/shapes.js';
import type { EXPLANATION } from './explanation.js';
import type { ExplainLicense } from './licenses.dto.js';

/** A call that has not been made. */
interface Supposed {
  readonly from: string | null;
  readonly to: string;
  readonly now: Date;
}

type FactsOf = (run: Run, license: LicenseRecord, call: Supposed) => Promise<LicenseFacts>;

const ofSeat: FactsOf = async (_run, license) => seatFacts(license);

/** Where each action has its facts from when a panel calls. */
const FACTS_OF = {
  activate: async (run, license, { now }) =>
    (await activationFacts(run, license, now, { hold: false })).facts,
  rebind: async (run, license, { from, to, now }) =>
    (await rebindFacts(run, license, { from: from ?? to, to, now })).facts,
  validate: ofSeat,
  deactivate: ofSeat,
  update: ofSeat,
  install: ofSeat,
} as const satisfies Record<LicenseAction, FactsOf>;

/** Only a rebind has a hardware to come from; for any other call, to ignore it would look as if it counted. */
function refusePrevious({ action, previous_hardware_id }: ExplainLicense): void {
  const field = 'previous_hardware_id';
  const isGiven = previous_hardware_id !== undefined;
  if (action === 'rebind' && !isGiven) throw fieldErrors({ [field]: [sentence('required', field)] });
  if (action !== 'rebind' && isGiven) throw fieldErrors({ [field]: [sentence('prohibited', field)] });
}

/** Says what a call would be answered, and why, by the very facts and rules that answer it. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** One snapshot and no lock: what is asked about goes on undisturbed. */
  explain(id: string, body: ExplainLicense): Promise<Wire<typeof EXPLANATION>> {
    refusePrevious(body);
    const now = body.at ?? this.clock.now();
    const to = parseHardwareId(body.hardware_id);
    const from = body.previous_hardware_id === undefined ? null : parseHardwareId(body.previous_hardware_id);
    return this.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const run = await inTransaction(manager);
      const precedence = withoutBuild(body.version);
      const query = { by: { licenseId: id }, hardwareId: to, precedence, now };
      const { license } = isUuid(id) ? await loadLicenseFacts(run, query) : { license: null };
      if (license === null) throw notFound('License');
      const facts = await FACTS_OF[body.action](run, license, { from, to, now });
      return explain(facts, { action: body.action, version: body.version, product: null }, now);
    });
  }
}
