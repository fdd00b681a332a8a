import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config.js';
import { poolOf } from '../database/data-source.js';
import { insertDownloadToken } from '../database/download-tokens.js';
import { loadReleases } from '../database/release-facts.js';
import { onPool, type Run } from '../database/statements.js';
import { resolveDownload, type DownloadRefusal } from '../domain/release-policy.js';
import { withoutBuild } from '../domain/version.js';
import { forbidden, notFound, unauthorized, type ApiError } from '../http/errors.js';
import type { Wire } from '../http/shapes.js';
import { ArtifactSigner } from '../signing/artifact-signer.js';
import { Pepper } from '../signing/data-keys.js';
import type { DOWNLOAD_TOKEN } from './answers.js';
import type { TokenRequest } from './downloads.dto.js';
import { Entrance } from './entrance.js';
import { updateRequest } from './update-request.js';

const TOKEN_BYTES = 32;
const LIVES_SECONDS = 900;

const REFUSALS = {
  VERSION_NOT_FOUND: () => notFound('Version'),
  UPDATES_EXPIRED: () => forbidden('Updates expired'),
  VERSION_TOO_LOW: () => forbidden('Version too low'),
  ARTIFACT_NOT_FOUND: () => notFound('Artifact'),
} as const satisfies Record<DownloadRefusal, () => ApiError>;

/** Rights to fetch one file for a quarter of an hour. */
@Injectable()
export class TokensService {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    @Inject(CONFIG) private readonly config: Config,
    private readonly entrance: Entrance,
    private readonly pepper: Pepper,
    private readonly signer: ArtifactSigner,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** @throws ApiError 401, 403, 404 */
  async mint(body: TokenRequest, address: string): Promise<Wire<typeof DOWNLOAD_TOKEN>> {
    const { license, seatId, now } = await this.entrance.admit(body, address);
    const request = updateRequest(body);
    const named = request.version ?? null;
    const releases = await loadReleases(this.pool, {
      product: license.product,
      precedence: named && withoutBuild(named),
      from: named === null ? request.currentVersion : null,
    });
    const decision = resolveDownload(releases, license, request);
    if (!decision.ok) throw REFUSALS[decision.reason]();
    const { release, artifact } = decision;
    const [signature] = await this.signer.sign([
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
    if (!isStored) throw unauthorized('Invalid license');
    return {
      token,
      url: `${this.config.PUBLIC_URL}/api/v1/download/file/${token}`,
      expires_in: LIVES_SECONDS,
      version: release.version,
      filename: artifact.filename,
      size: artifact.size,
      sha256: artifact.sha256,
      signature,
    };
  }
}
