/**
 * The built service's own modules, typed by their sources. The benchmark runs what is shipped, and Node can run these
 * scripts without a build of their own.
 */
const load = async <T>(path: string): Promise<T> =>
  (await import(new URL(`../dist/${path}.js`, import.meta.url).href)) as T;

export const [
  { startEmbeddedPostgres },
  { databaseUrl },
  { migrate },
  { createDataSource, poolOf },
  { loadLicenseFacts },
  { lockLicense },
  { lastLeaseSequence, saveCheckIn, takeSeat },
  { onPool },
  { openKeys },
  { leaseDigest },
  { SystemClock },
] = await Promise.all([
  load<typeof import('../src/database/embedded/embedded-postgres.js')>('database/embedded/embedded-postgres'),
  load<typeof import('../src/database/embedded/connection.js')>('database/embedded/connection'),
  load<typeof import('../src/database/migrate.js')>('database/migrate'),
  load<typeof import('../src/database/data-source.js')>('database/data-source'),
  load<typeof import('../src/database/license-facts.js')>('database/license-facts'),
  load<typeof import('../src/database/seat-facts.js')>('database/seat-facts'),
  load<typeof import('../src/database/activations.js')>('database/activations'),
  load<typeof import('../src/database/statements.js')>('database/statements'),
  load<typeof import('../src/signing/open-keys.js')>('signing/open-keys'),
  load<typeof import('../src/signing/claims.js')>('signing/claims'),
  load<typeof import('../src/clock.js')>('clock'),
]);
