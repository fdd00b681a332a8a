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
  { authenticateAudit },
  { copyRows },
  { loadLicenseFacts },
  { lockLicense },
  { loadReleases, loadChangelog },
  { insertDownloadToken },
  { findApiKey },
  { LICENSES_SEARCHED, listLicenseIds, loadLicenseViews },
  { lastLeaseSequence, saveCheckIn, takeSeat },
  { recordAudit },
  { onPool },
  { openKeys },
  { DataKeys },
  { parseMasterKey },
  { leaseDigest },
  { activationEvent },
  { generateLicenseKey, maskLicenseKey },
  { SystemClock },
] = await Promise.all([
  load<typeof import('../src/database/embedded/embedded-postgres.js')>('database/embedded/embedded-postgres'),
  load<typeof import('../src/database/embedded/connection.js')>('database/embedded/connection'),
  load<typeof import('../src/database/migrate.js')>('database/migrate'),
  load<typeof import('../src/database/data-source.js')>('database/data-source'),
  load<typeof import('../src/database/audit-mac.js')>('database/audit-mac'),
  load<typeof import('../src/database/copy-rows.js')>('database/copy-rows'),
  load<typeof import('../src/database/license-facts.js')>('database/license-facts'),
  load<typeof import('../src/database/seat-facts.js')>('database/seat-facts'),
  load<typeof import('../src/database/release-facts.js')>('database/release-facts'),
  load<typeof import('../src/database/download-tokens.js')>('database/download-tokens'),
  load<typeof import('../src/database/credentials.js')>('database/credentials'),
  load<typeof import('../src/database/license-views.js')>('database/license-views'),
  load<typeof import('../src/database/activations.js')>('database/activations'),
  load<typeof import('../src/database/audit.js')>('database/audit'),
  load<typeof import('../src/database/statements.js')>('database/statements'),
  load<typeof import('../src/signing/open-keys.js')>('signing/open-keys'),
  load<typeof import('../src/signing/data-keys.js')>('signing/data-keys'),
  load<typeof import('../src/signing/master-key.js')>('signing/master-key'),
  load<typeof import('../src/signing/claims.js')>('signing/claims'),
  load<typeof import('../src/access/activation-body.js')>('access/activation-body'),
  load<typeof import('../src/domain/license-key.js')>('domain/license-key'),
  load<typeof import('../src/clock.js')>('clock'),
]);
