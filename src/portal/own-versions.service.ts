import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { seatFacts } from '../access/decision-facts.js';
import type { DownloadTokenBody } from '../access/download-answer.js';
import { DownloadGrants, type Admitted, type Grant } from '../access/download-grants.js';
import { licenseRefusal } from '../access/license-answer.js';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { loadLicenseFacts } from '../database/license-facts.js';
import { loadChangelogs, loadReleases } from '../database/release-facts.js';
import { onPool, type Run } from '../database/statements.js';
import { decide } from '../domain/license-policy.js';
import { installableReleases } from '../domain/release-policy.js';
import { conflict, LicenseRefusal, notFound, type PublicError } from '../http/errors.js';
import { VerdictCounts } from '../metrics/verdict-counts.js';
import type { OwnVersion } from './bodies.js';
import type { PortalUser } from './customer.guard.js';
import type { DownloadRequest, OwnVersionsQuery } from './portal.dto.js';

type Reason = Extract<Grant, { readonly granted: false }>['reason'];

export const LICENSE_CHANGED = 'The license has changed meanwhile.';

/** Whose license it is may know why it is refused: here it is the code of the license plane that says so. */
const REFUSALS = {
  VERSION_NOT_FOUND: () => notFound('Version'),
  UPDATES_EXPIRED: () => new LicenseRefusal('UPDATES_EXPIRED'),
  // Nothing is upgraded from here; the rules say it of panels.
  VERSION_TOO_LOW: () => new LicenseRefusal('VERSION_TOO_LOW'),
  ARTIFACT_NOT_FOUND: () => notFound('Artifact'),
  LICENSE_CHANGED: () => conflict(LICENSE_CHANGED),
} as const satisfies Record<Reason, () => PublicError>;

/** Systems name themselves in any case; artifacts are stored in lower case. */
const lower = (name: string | undefined): string | null => name?.toLowerCase() ?? null;

/** What a customer may install, by the rules of a first install. */
@Injectable()
export class OwnVersionsService {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly grants: DownloadGrants,
    private readonly counts: VerdictCounts,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** One page of what the license covers, the newest first, and how many there are. @throws 404, 403 with the license's code */
  async list(user: PortalUser, id: string, query: OwnVersionsQuery): Promise<[OwnVersion[], number]> {
    const { license } = await this.admit(user, id);
    const { product } = license;
    const releases = await loadReleases(this.pool, { product, precedence: null, from: null });
    const covered = installableReleases(releases, license, query.channel);
    const page = covered.slice(query.offset, query.offset + query.per_page);
    const changelogs = await loadChangelogs(
      this.pool,
      page.map((release) => release.id),
    );
    const versions = page.map((release) => ({ release, changelog: changelogs.get(release.id) ?? null }));
    return [versions, covered.length];
  }

  /** @throws 404, 403 with the license's code, 409 when it changes at this moment */
  async download(user: PortalUser, id: string, body: DownloadRequest): Promise<DownloadTokenBody> {
    const grant = await this.grants.grant(await this.admit(user, id), {
      currentVersion: null,
      hardwareId: null,
      channel: body.channel,
      platform: lower(body.platform),
      arch: lower(body.arch),
      version: body.version,
    });
    if (!grant.granted) throw REFUSALS[grant.reason]();
    return grant.body;
  }

  private async admit({ customerId }: PortalUser, id: string): Promise<Admitted> {
    const now = this.clock.now();
    const query = { by: { licenseId: id }, hardwareId: null, precedence: null, now };
    const { license } = isUuid(id) ? await loadLicenseFacts(this.pool, query) : { license: null };
    if (license === null || customerId === null || license.customerId !== customerId) {
      throw notFound('License');
    }
    const code = decide(seatFacts(license), { action: 'install', version: null, product: null }, now);
    this.counts.count('install', code, license.product, now);
    if (code !== 'VALID') throw licenseRefusal(code, license);
    return { license, seatId: null, now };
  }
}
