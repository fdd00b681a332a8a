import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { Clock } from '../../clock.js';
import { recordAudit } from '../../database/audit.js';
import { differences, wholeRow } from '../../database/differences.js';
import { Artifact, Product, Release } from '../../database/entities/index.js';
import { violatedConstraint } from '../../database/violations.js';
import { afterCommit } from '../../database/unit-of-work.js';
import type { Actor } from '../../domain/actor.js';
import { isEventType } from '../../domain/event-types.js';
import { withoutBuild } from '../../domain/version.js';
import { conflict, fieldErrors } from '../../http/errors.js';
import { sentence } from '../../http/sentences.js';
import { taken } from '../records.js';
import { ArtifactFiles } from './artifact-files.js';
import { versionBody } from './bodies.js';
import { changesTo, refuseUnreachable } from './version-changes.js';
import { findVersion, lockVersion, type Version } from './version-rows.js';
import type { CreateVersion, UpdateVersion } from './versions.dto.js';

const draftOf = (body: CreateVersion, productId: string, now: Date): Release => ({
  id: uuidv7(),
  productId,
  version: body.version,
  precedence: withoutBuild(body.version),
  channel: body.channel,
  status: 'draft',
  changelog: body.changelog ?? null,
  minimumUpgradeVersion: body.minimum_upgrade_version ?? null,
  mandatory: body.mandatory,
  security: body.security,
  rolloutPercent: body.rollout_percent,
  releasedAt: body.released_at ?? null,
  publishedAt: null,
  yankedAt: null,
  createdAt: now,
  updatedAt: now,
});

function refuseUnless(version: Version, status: Release['status'], because: string): void {
  if (version.status !== status) throw conflict(`Version is ${version.status}: ${because}`);
}

/** A changelog may be long, and says nothing that the log must keep. */
const UNTOLD = ['changelog'] as const;

/** The columns that a step changes, decided under the lock of the row. */
type Decide = (
  version: Version,
  now: Date,
  manager: EntityManager,
) => Promise<Partial<Release>> | Partial<Release>;

/** The life of a version: draft, published, yanked. Every step is taken under the lock of its row. */
@Injectable()
export class VersionsService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly files: ArtifactFiles,
    private readonly clock: Clock,
  ) {}

  get(id: string): Promise<Version> {
    return findVersion(this.dataSource.manager, id);
  }

  /** @throws ApiError 422 for an unknown product, 409 when the product has that version already */
  async create(body: CreateVersion, actor: Actor): Promise<Version> {
    refuseUnreachable(body.version, body.minimum_upgrade_version);
    const now = this.clock.now();
    try {
      return await this.dataSource.transaction(async (manager) => {
        const product = await manager.findOneBy(Product, { code: body.product });
        if (product === null) throw fieldErrors({ product: [sentence('selected', 'product')] });
        const version = { ...draftOf(body, product.id, now), product: product.code };
        const { product: _, ...release } = version;
        await manager.insert(Release, release);
        await this.note(manager, actor, now, version, 'version.created', this.whole(version, 'created'));
        return version;
      });
    } catch (error) {
      throw violatedConstraint(error) === 'releases_version_key' ? taken('version') : error;
    }
  }

  /** @throws ApiError 409 for what may not change any more */
  update(id: string, body: UpdateVersion, actor: Actor): Promise<Version> {
    return this.change(id, actor, 'version.updated', (version) => changesTo(version, body));
  }

  /** @throws ApiError 409 for a yanked version */
  rollout(id: string, body: Pick<UpdateVersion, 'rollout_percent'>, actor: Actor): Promise<Version> {
    return this.change(id, actor, 'version.rollout_changed', (version) => changesTo(version, body));
  }

  /** @throws ApiError 409 for a version that is no draft or has no artifact */
  publish(id: string, actor: Actor): Promise<Version> {
    return this.change(id, actor, 'version.published', async (version, now, manager) => {
      refuseUnless(version, 'draft', 'only a draft can be published');
      const hasArtifact = await manager.existsBy(Artifact, { releaseId: version.id });
      if (!hasArtifact) throw conflict('Version has no artifact');
      return { status: 'published', publishedAt: now, releasedAt: version.releasedAt ?? now };
    });
  }

  /** From the commit on no panel is offered it and no token for it is good. @throws ApiError 409 unless it is published */
  yank(id: string, actor: Actor): Promise<Version> {
    return this.change(id, actor, 'version.yanked', (version, now) => {
      refuseUnless(version, 'published', 'only a published version can be yanked');
      return { status: 'yanked', yankedAt: now };
    });
  }

  /** Drafts alone: what was published stays known, for panels may run it. @throws ApiError 409 otherwise */
  async remove(id: string, actor: Actor): Promise<void> {
    const now = this.clock.now();
    const artifacts = await this.dataSource.transaction(async (manager) => {
      const version = await lockVersion(manager, id);
      refuseUnless(version, 'draft', 'only a draft can be deleted');
      const found = await manager.findBy(Artifact, { releaseId: version.id });
      await manager.delete(Artifact, { releaseId: version.id });
      await manager.delete(Release, { id: version.id });
      await this.note(manager, actor, now, version, 'version.deleted', this.whole(version, 'deleted'));
      return found;
    });
    await afterCommit(() => this.files.remove(artifacts));
  }

  /** Nothing is written or noted when nothing changes. */
  private change(id: string, actor: Actor, action: string, decide: Decide): Promise<Version> {
    const now = this.clock.now();
    return this.dataSource.transaction(async (manager) => {
      const version = await lockVersion(manager, id);
      const columns = await decide(version, now, manager);
      if (Object.keys(columns).length === 0) return version;
      await manager.update(Release, { id: version.id }, { ...columns, updatedAt: now });
      const metadata = this.dataSource.getMetadata(Release);
      const changes = differences<Release>(metadata, version, columns, UNTOLD);
      const after = { ...version, ...columns, updatedAt: now };
      await this.note(manager, actor, now, after, action, { changes });
      return after;
    });
  }

  private whole(version: Version, became: 'created' | 'deleted') {
    const metadata = this.dataSource.getMetadata(Release);
    return { changes: wholeRow<Release>(metadata, version, became, UNTOLD) };
  }

  private note(
    manager: EntityManager,
    actor: Actor,
    now: Date,
    told: Version,
    action: string,
    details: Record<string, unknown> = {},
  ): Promise<void> {
    const { id, product, version, channel } = told;
    const entry = {
      subjectType: 'version',
      subjectId: id,
      details: { product, version, channel, ...details },
    };
    return isEventType(action)
      ? recordAudit(manager, actor, now, { ...entry, action, event: { data: versionBody(told) } })
      : recordAudit(manager, actor, now, { ...entry, action });
  }
}
