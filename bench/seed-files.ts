import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { PoolClient } from 'pg';
import type { Pepper } from '../src/signing/data-keys.js';
import { licenseId } from './data-set.ts';
import { fileName, fileToken, LARGE_FILE, LARGE_FILE_BYTES, MEBIBYTE, SMALL_FILES } from './files.ts';

const PRODUCT_ID = '01900000-0000-7000-8500-000000000000';
const RELEASE_ID = '01900000-0000-7000-8600-000000000000';

const artifactId = (number: number) => `01900000-0000-7000-8700-${number.toString(16).padStart(12, '0')}`;

/** Where the service keeps what is uploaded, and nginx finds the same files. */
export const filesFolder = (dataDir: string): string => join(dataDir, 'storage', 'artifacts');

/** Of random bytes, so that no file system makes it smaller. */
async function writeLarge(path: string, bytes: number): Promise<void> {
  const chunk = randomBytes(MEBIBYTE);
  const file = await open(path, 'w');
  try {
    for (let written = 0; written < bytes; written += chunk.length) await file.write(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A product of its own, so that what panels are offered stays what it is: its files, and a token for each. */
export async function seedFiles(
  client: PoolClient,
  { dataDir, pepper }: { readonly dataDir: string; readonly pepper: Pick<Pepper, 'hash'> },
): Promise<void> {
  const folder = filesFolder(dataDir);
  await mkdir(folder, { recursive: true });
  await client.query(
    `insert into products (id, code, name, key_prefix, created_at, updated_at) values ($1, 'files', 'Files', 'FILES', now(), now())`,
    [PRODUCT_ID],
  );
  await client.query(
    `insert into releases (id, product_id, version, precedence, channel, status, mandatory, security, rollout_percent,
      released_at, published_at, created_at, updated_at)
      values ($1, $2, '1.0.0', '1.0.0', 'stable', 'published', false, false, 100, now(), now(), now(), now())`,
    [RELEASE_ID, PRODUCT_ID],
  );
  const small = Array.from({ length: SMALL_FILES }, (_, number) => [fileName(number), MEBIBYTE] as const);
  for (const [number, [name, size]] of [...small, [LARGE_FILE, LARGE_FILE_BYTES] as const].entries()) {
    await writeLarge(join(folder, name), size);
    await client.query(
      `insert into artifacts (id, release_id, platform, arch, filename, size, sha256, storage_key, created_at)
        values ($1, $2, 'any', $3, $3, $4, $5, $6, now())`,
      [artifactId(number), RELEASE_ID, name, size, 'ab'.repeat(32), `artifacts/${name}`],
    );
    await client.query(
      `insert into download_tokens (hash, license_id, artifact_id, created_at, expires_at)
        values ($1, $2, $3, now(), now() + interval '30 days')`,
      [pepper.hash('download-token', fileToken(name)), licenseId(0), artifactId(number)],
    );
  }
}
