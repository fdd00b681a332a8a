import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { poolOf } from '../database/data-source.js';
import { insertDownloadToken } from '../database/download-tokens.js';
import type { LicenseRecord } from '../database/license-facts.js';
import { loadReleases } from '../database/release-facts.js';
import { onPool, type Run } from '../database/statements.js';
import { resolveDownload, type DownloadRefusal, type UpdateRequest } from '../domain/release-policy.js';
import { withoutBuild } from '../domain/version.js';
import { ArtifactSigner } from '../signing/artifact-signer.js';
import { Pepper } from '../signing/data-keys.js';
import type { DownloadTokenBody } from './download-answer.js';

const TOKEN_BYTES = 32;
const LIVES_SECONDS = 900;

/** Who may download: a license that the rules have let in at `now`, and its seat, or null for a first install. */
export interface Admitted {
  readonly license: LicenseRecord;
  readonly seatId: string | null;
  readonly now: Date;
}

/** `LICENSE_CHANGED`: it was suspended, revoked or deleted since its facts were read. */
export type Grant =
  | { readonly granted: true; readonly body: DownloadTokenBody }
  | { readonly granted: false; readonly reason: DownloadRefusal | 'LICENSE_CHANGED' };

const refused = (reason: DownloadRefusal | 'LICENSE_CHANGED'): Grant => ({ granted: false, reason });

/** Rights to fetch one file for a quarter of an hour, whoever it is that asks. */
@Injectable()
export class DownloadGrants {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
    private readonly pepper: Pepper,
    private readonly signer: ArtifactSigner,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** Each caller tells a refusal in the words of its plane. */
  async grant({ license, seatId, now }: Admitted, request: UpdateRequest): Promise<Grant> {
    const named = request.version ?? null;
    const releases = await loadReleases(this.pool, {
      product: license.product,
      precedence: named && withoutBuild(named),
      from: named === null ? request.currentVersion : null,
    });
    const decision = resolveDownload(releases, license, request);
    if (!decision.ok) return refused(decision.reason);
    const { release, artifact } = decision;
    const [signature = ''] = await this.signer.sign([
      { ...artifact, product: license.product, version: release.version },
    ]);
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const isStored = await insertDownloadToken(this.pool, {
      hash: this.pepper.hash('download-token', token),
      licenseId: license.id,
      artifactId: artifact.id,
      activationId: seatId,
      now,
      expiresAt: new Date(now.getTime() + LIVES_SECONDS * 1_000),
    });
    if (!isStored) return refused('LICENSE_CHANGED');
    const body = {
      token,
      url: `${this.config.PUBLIC_URL}/api/v1/download/file/${token}`,
      expires_in: LIVES_SECONDS,
      version: release.version,
      filename: artifact.filename,
      size: artifact.size,
      sha256: artifact.sha256,
      signature,
    };
    return { granted: true, body };
  }
}
