import type { ArtifactFacts } from '../domain/artifact-choice.js';
import type { Channel, ReleaseFacts } from '../domain/release.js';
import type { Run, Statement } from './statements.js';

/** A file of a release, with what is told of it. */
export interface ArtifactRecord extends ArtifactFacts {
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export type ReleaseRecord = ReleaseFacts<ArtifactRecord>;

export interface ReleasesQuery {
  /** The product's code. */
  readonly product: string;
  /** This very release alone; null for all. Without build metadata. */
  readonly precedence: string | null;
  /** Leaves out what lies below this version; null leaves out nothing. */
  readonly from: string | null;
}

/** The newest so many published releases take part in a decision: what a request costs must not grow without end. */
const MOST_RELEASES = 1_000;

interface Row {
  id: string;
  version: string;
  channel: Channel;
  security: boolean;
  mandatory: boolean;
  minimum_upgrade_version: string | null;
  rollout_percent: number;
  released_at: Date;
  artifacts: ArtifactRecord[];
}

const PUBLISHED_RELEASES: Statement = {
  name: 'published-releases',
  // `from` is compared by its three numbers only, which every version of the same numbers passes, pre-releases included:
  // the rules judge the rest. Changelogs stay behind: only the one that is offered is told.
  text: `select r.id, r.version, r.channel, r.security, r.mandatory, r.minimum_upgrade_version, r.rollout_percent,
      r.released_at,
      coalesce((
        select json_agg(json_build_object('id', a.id, 'platform', a.platform, 'arch', a.arch, 'filename', a.filename,
          'size', a.size, 'sha256', a.sha256))
        from artifacts a where a.release_id = r.id
      ), '[]') as artifacts
    from releases r join products p on p.id = r.product_id
    where p.code = $1 and r.status = 'published'
      and ($2::text is null or r.precedence = $2)
      and ($3::bigint[] is null or string_to_array(split_part(r.precedence, '-', 1), '.')::bigint[] >= $3)
    order by r.published_at desc, r.id desc
    limit ${MOST_RELEASES}`,
};

/** Major, minor and patch. */
const numbersOf = (version: string): string[] => (version.split(/[-+]/, 1)[0] ?? '').split('.');

/** The published releases of a product with their files, newest first. */
export async function loadReleases(
  run: Run,
  { product, precedence, from }: ReleasesQuery,
): Promise<ReleaseRecord[]> {
  const { rows } = await run<Row>(PUBLISHED_RELEASES, [product, precedence, from && numbersOf(from)]);
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    channel: row.channel,
    status: 'published',
    security: row.security,
    mandatory: row.mandatory,
    minimumUpgradeVersion: row.minimum_upgrade_version,
    rolloutPercent: row.rollout_percent,
    releasedAt: row.released_at,
    artifacts: row.artifacts,
  }));
}

const CHANGELOG: Statement = { name: 'changelog', text: 'select changelog from releases where id = $1' };

const CHANGELOGS: Statement = {
  name: 'changelogs',
  text: 'select id, changelog from releases where id = any($1::uuid[])',
};

/** What releases say of themselves, by their ids; null for nothing. */
export async function loadChangelogs(run: Run, ids: readonly string[]): Promise<Map<string, string | null>> {
  const { rows } = await run<{ id: string; changelog: string | null }>(CHANGELOGS, [ids]);
  return new Map(rows.map(({ id, changelog }) => [id, changelog]));
}

/** What a release says of itself; null for nothing. */
export async function loadChangelog(run: Run, releaseId: string): Promise<string | null> {
  const { rows } = await run<{ changelog: string | null }>(CHANGELOG, [releaseId]);
  return rows[0]?.changelog ?? null;
}
