import type { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { DataSource, IsNull, type EntityManager } from 'typeorm';
import { v7 as uuidv7, validate as isUuid } from 'uuid';
import { Clock } from '../../clock.js';
import { recordAudit } from '../../database/audit.js';
import { Artifact } from '../../database/entities/index.js';
import { listPage, type ListColumns } from '../../database/list.js';
import { ReadReplica } from '../../database/read-replica.js';
import { afterCommit } from '../../database/unit-of-work.js';
import type { Actor } from '../../domain/actor.js';
import { conflict, notFound } from '../../http/errors.js';
import { ArtifactSigner } from '../../signing/artifact-signer.js';
import { ArtifactStorage } from '../../storage/artifact-storage.js';
import { ArtifactFiles } from './artifact-files.js';
import type { ArtifactsQuery, UploadQuery } from './artifacts.dto.js';
import { findVersion, lockVersion, type Version } from './version-rows.js';

export interface SignedArtifactRow extends Artifact {
  readonly signature: string;
}

const LIST_COLUMNS = {
  searched: ['artifact.filename'],
  sorted: { created_at: 'artifact.createdAt', filename: 'artifact.filename', size: 'artifact.size' },
} as const satisfies ListColumns & { sorted: Record<ArtifactsQuery['order']['field'], string> };

type Target = Pick<Artifact, 'platform' | 'arch'>;

/** Systems name themselves in any case; panels are compared with what is stored. */
const targetOf = ({ platform, arch }: UploadQuery): Target => ({
  platform: platform?.toLowerCase() ?? null,
  arch: arch?.toLowerCase() ?? null,
});

/** A published version may get a file for one more platform; what it has stays, for panels hold its signature. */
async function refuseUpload(manager: EntityManager, version: Version, target: Target): Promise<void> {
  if (version.status === 'yanked') throw conflict('Version is yanked: it takes no more artifacts');
  const { platform, arch } = target;
  const isTaken = await manager.existsBy(Artifact, {
    releaseId: version.id,
    platform: platform ?? IsNull(),
    arch: arch ?? IsNull(),
  });
  if (isTaken) throw conflict('An artifact for this platform and architecture already exists');
}

/** The files of a version. */
@Injectable()
export class ArtifactsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly replica: ReadReplica,
    private readonly storage: ArtifactStorage,
    private readonly files: ArtifactFiles,
    private readonly signer: ArtifactSigner,
    private readonly clock: Clock,
  ) {}

  async list(versionId: string, query: ArtifactsQuery): Promise<[SignedArtifactRow[], number]> {
    const version = await findVersion(this.dataSource.manager, versionId);
    const [rows, total] = await this.replica.read(({ manager }) => {
      const builder = manager.createQueryBuilder(Artifact, 'artifact').where({ releaseId: version.id });
      return listPage(builder, query, LIST_COLUMNS);
    });
    return [await this.signed(version, rows), total];
  }

  /**
   * Streams a file to storage and gives it a row: both or neither. What is refused is refused before the bytes are read,
   * and once more under the lock, for an upload takes its time.
   * @throws ApiError 404, 409, 413
   */
  async upload(
    versionId: string,
    query: UploadQuery,
    bytes: Readable,
    actor: Actor,
  ): Promise<SignedArtifactRow> {
    const { manager } = this.dataSource;
    const target = targetOf(query);
    await refuseUpload(manager, await findVersion(manager, versionId), target);
    const { key, size, sha256 } = await this.storage.keep(bytes);
    const now = this.clock.now();
    const row: Artifact = {
      id: uuidv7(),
      releaseId: versionId,
      ...target,
      filename: query.filename,
      size,
      sha256,
      storageKey: key,
      createdAt: now,
    };
    const version = await this.insert(row, actor, now);
    const [signed] = await this.signed(version, [row]);
    if (signed === undefined) throw new Error('One artifact has one signature');
    return signed;
  }

  /** Drafts alone. @throws ApiError 404, 409 */
  async remove(versionId: string, artifactId: string, actor: Actor): Promise<void> {
    const now = this.clock.now();
    const row = await this.dataSource.transaction(async (manager) => {
      const version = await lockVersion(manager, versionId);
      const found = isUuid(artifactId)
        ? await manager.findOneBy(Artifact, { id: artifactId, releaseId: version.id })
        : null;
      if (found === null) throw notFound('Artifact');
      if (version.status !== 'draft') {
        throw conflict(`Version is ${version.status}: only a draft's artifacts can be deleted`);
      }
      await manager.delete(Artifact, { id: found.id });
      await this.note(manager, actor, now, version, found, 'artifact.deleted');
      return found;
    });
    await afterCommit(() => this.files.remove([row]));
  }

  private async insert(row: Artifact, actor: Actor, now: Date): Promise<Version> {
    try {
      return await this.dataSource.transaction(async (manager) => {
        const version = await lockVersion(manager, row.releaseId);
        await refuseUpload(manager, version, row);
        await manager.insert(Artifact, row);
        await this.note(manager, actor, now, version, row, 'artifact.created');
        return version;
      });
    } catch (error) {
      if (!(await this.mayBeStored(row))) await this.files.remove([row]);
      throw error;
    }
  }

  /** A commit may have arrived whose answer did not, and a row without its file is worse than a file without a row. */
  private mayBeStored({ id }: Artifact): Promise<boolean> {
    return this.dataSource.manager.existsBy(Artifact, { id }).catch(() => true);
  }

  private async signed(version: Version, rows: readonly Artifact[]): Promise<SignedArtifactRow[]> {
    const signatures = await this.signer.sign(
      rows.map((row) => ({ ...row, product: version.product, version: version.version })),
    );
    return rows.map((row, index) => ({ ...row, signature: signatures[index] ?? '' }));
  }

  private note(
    manager: EntityManager,
    actor: Actor,
    now: Date,
    { product, version, id }: Version,
    { id: subjectId, platform, arch, filename, size, sha256 }: Artifact,
    action: string,
  ): Promise<void> {
    return recordAudit(manager, actor, now, {
      action,
      subjectType: 'artifact',
      subjectId,
      details: { version_id: id, product, version, platform, arch, filename, size, sha256 },
    });
  }
}
