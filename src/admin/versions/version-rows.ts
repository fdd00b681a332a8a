import { In, type EntityManager } from 'typeorm';
import { validate as isUuid } from 'uuid';
import { Product, Release } from '../../database/entities/index.js';
import { listPage, type ListManager } from '../../database/list.js';
import { withoutBuild } from '../../domain/version.js';
import { notFound } from '../../http/errors.js';
import type { VersionsQuery } from './versions.dto.js';

/** A release as it is told: with the code of its product. */
export interface Version extends Release {
  readonly product: string;
}

async function withProducts(manager: ListManager, releases: readonly Release[]): Promise<Version[]> {
  const ids = new Set(releases.map((release) => release.productId));
  const products = await manager.find(Product, {
    where: { id: In([...ids]) },
    select: { id: true, code: true },
  });
  const codes = new Map(products.map(({ id, code }) => [id, code]));
  return releases.map((release) => ({ ...release, product: codes.get(release.productId) ?? '' }));
}

async function versionOf(manager: EntityManager, release: Release | null): Promise<Version> {
  const [version] = release === null ? [] : await withProducts(manager, [release]);
  if (version === undefined) throw notFound('Version');
  return version;
}

/** @throws ApiError 404 for none, and for an id that is none */
export async function findVersion(manager: EntityManager, id: string): Promise<Version> {
  return versionOf(manager, isUuid(id) ? await manager.findOneBy(Release, { id }) : null);
}

/** The same, locked for the transaction: what a status allows is decided under this lock, also for artifacts. */
export async function lockVersion(manager: EntityManager, id: string): Promise<Version> {
  const release = isUuid(id)
    ? await manager.findOne(Release, { where: { id }, lock: { mode: 'for_no_key_update' } })
    : null;
  return versionOf(manager, release);
}

/** Versions are not sorted by number: the database compares text, in which 1.10 comes before 1.9. */
const SORTED = {
  created_at: 'release.createdAt',
  updated_at: 'release.updatedAt',
  released_at: 'release.releasedAt',
  published_at: 'release.publishedAt',
  status: 'release.status',
} as const satisfies Record<VersionsQuery['order']['field'], string>;

/** One page, and how many there are. A product that does not exist has no versions. */
export async function listVersions(manager: ListManager, query: VersionsQuery): Promise<[Version[], number]> {
  const builder = manager.createQueryBuilder(Release, 'release');
  if (query.product !== undefined) {
    builder.innerJoin(Product, 'product', 'product.id = release.productId and product.code = :code', {
      code: query.product,
    });
  }
  const [releases, total] = await listPage(builder, query, {
    searched: ['release.version', 'release.changelog'],
    sorted: SORTED,
    filtered: {
      'release.channel': query.channel,
      'release.status': query.status,
      'release.precedence': query.version && withoutBuild(query.version),
    },
  });
  return [await withProducts(manager, releases), total];
}
