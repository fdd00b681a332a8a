import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { poolOf } from '../database/data-source.js';
import { loadRingVersion } from '../database/license-facts.js';
import { onPool, type Run } from '../database/statements.js';
import { artifactClaims, type ArtifactInput } from './claims.js';
import { JWS_TYPES } from './jws.js';
import { KeyRing } from './key-ring.js';

/** What a signature says of a file. */
export type SignedArtifact = Omit<ArtifactInput, 'issuer' | 'issuedAt' | 'expiresAt'>;

/** An installer may lie on a disk for a while before it is checked and run. */
const VALID_FOR_MS = 30 * 86_400_000;

/** Signs what a file must be. Signatures are made anew for every answer, so that none is older than its key. */
@Injectable()
export class ArtifactSigner {
  private readonly pool: Run;

  constructor(
    dataSource: DataSource,
    private readonly ring: KeyRing,
    private readonly clock: Clock,
  ) {
    this.pool = onPool(poolOf(dataSource));
  }

  /** One compact JWS for each. Not inside a transaction: the key ring may need a connection of its own. */
  async sign<const T extends readonly SignedArtifact[]>(
    artifacts: T,
  ): Promise<{ -readonly [I in keyof T]: string }> {
    // A key that another node has called compromised must not sign once more here.
    await this.ring.ensureVersion(await loadRingVersion(this.pool));
    const issuedAt = this.clock.now();
    const expiresAt = new Date(issuedAt.getTime() + VALID_FOR_MS);
    const signatures = await Promise.all(
      artifacts.map((artifact) =>
        this.ring.sign(
          JWS_TYPES.artifact,
          artifactClaims({ ...artifact, issuer: this.ring.issuer, issuedAt, expiresAt }),
          { validUntil: expiresAt },
        ),
      ),
    );
    return signatures as { -readonly [I in keyof T]: string };
  }
}
