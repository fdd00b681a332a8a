import type { PoolClient } from 'pg';

/** As many versions as a product of some years has; the oldest is the one that every panel runs. */
const RELEASES = 20;

const MACHINES = [
  ['linux', 'x64'],
  ['linux', 'arm64'],
] as const;

const release = (index: number) => `01900000-0000-7000-8300-${index.toString(16).padStart(12, '0')}`;
const artifact = (index: number) => `01900000-0000-7000-8400-${index.toString(16).padStart(12, '0')}`;

export async function seedReleases(client: PoolClient, productId: string, now: Date): Promise<void> {
  for (let index = 0; index < RELEASES; index++) {
    await client.query(
      `insert into releases (id, product_id, version, precedence, channel, status, changelog, mandatory, security,
        rollout_percent, released_at, published_at, created_at, updated_at)
        values ($1, $2, $3, $3, 'stable', 'published', 'Faster.', false, false, 100, $4, $4, $4, $4)`,
      [release(index), productId, `1.${index}.0`, now],
    );
    for (const [place, [platform, arch]] of MACHINES.entries()) {
      await client.query(
        `insert into artifacts (id, release_id, platform, arch, filename, size, sha256, storage_key, created_at)
          values ($1, $2, $3, $4, $5, 1048576, $6, $7, $8)`,
        [
          artifact(index * MACHINES.length + place),
          release(index),
          platform,
          arch,
          `bench-1.${index}.0-${platform}-${arch}.tgz`,
          'ab'.repeat(32),
          `artifacts/${release(index)}`,
          now,
        ],
      );
    }
  }
}
