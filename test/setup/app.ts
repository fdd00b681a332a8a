import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DataSource } from 'typeorm';
import { createApp } from '../../src/app.setup.js';
import { bootstrap } from '../../src/auth/bootstrap.js';
import { readConfig, type Config } from '../../src/config.js';
import { openDatabase } from '../../src/database/open.js';
import { openKeys } from '../../src/signing/open-keys.js';
import { ArtifactStorage } from '../../src/storage/artifact-storage.js';
import { SettableClock } from './clock.js';
import { cloneDatabase } from './database.js';

export interface Answer<Body = any> {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed JSON, or the text where it is none. */
  readonly body: Body;
}

export interface RequestOptions {
  readonly body?: unknown;
  /** Sent as it is, with the content type of `headers`. */
  readonly raw?: string | Uint8Array;
  readonly headers?: Record<string, string>;
}

const PASSWORD = 'correct horse battery staple';

/** Limits far above what a test does; a test of the limits sets its own. */
const WIDE_LIMITS = {
  LIMIT_AUTH_PER_MINUTE: '100000',
  LIMIT_ADMIN_PER_MINUTE: '100000',
  LIMIT_SESSION_PER_MINUTE: '100000',
  LIMIT_LICENSE_PER_MINUTE: '100000',
  LIMIT_ADDRESS_PER_MINUTE: '100000',
  LIMIT_UNKNOWN_KEYS_PER_MINUTE: '100000',
  LIMIT_FAILED_LOGINS_PER_HOUR: '100000',
};

/** The whole service over HTTP on a database of its own, with a clock that the test moves. */
export class TestApp {
  readonly password = PASSWORD;

  constructor(
    readonly nest: NestFastifyApplication,
    readonly url: string,
    readonly databaseUrl: string,
    readonly dataSource: DataSource,
    readonly clock: SettableClock,
    readonly config: Config,
    readonly adminKey: string,
    private readonly dispose: () => Promise<void>,
  ) {}

  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    const body = options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    const response = await fetch(this.url + path, {
      method,
      redirect: 'manual',
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...options.headers },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const json = type.includes('json') && !type.includes('ndjson') && text !== '';
    return { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
  }

  /** A call of the admin plane with the key that may do everything; `path` is below /api/v1/admin. */
  admin(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request(method, `/api/v1/admin${path}`, {
      body,
      headers: { 'x-admin-key': this.adminKey, ...headers },
    });
  }

  /** The same, answering `data`, and failing loudly on a refusal. */
  async must(method: string, path: string, body?: unknown): Promise<any> {
    const answer = await this.admin(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.data;
  }

  /** A call of the license plane. */
  panel(action: 'activate' | 'validate' | 'deactivate' | 'rebind', body: unknown): Promise<Answer> {
    return this.request('POST', `/api/v1/license/${action}`, { body });
  }

  /** A product, a policy and a license of them: what almost every story begins with. */
  async sell(
    given: { license?: object; policy?: object; product?: object } = {},
  ): Promise<{ product: any; policy: any; license: any; key: string }> {
    const tag = randomBytes(4).toString('hex');
    const product = await this.must('POST', '/products', {
      code: `panel-${tag}`,
      name: 'Panel',
      key_prefix: 'PANEL',
      ...given.product,
    });
    const policy = await this.must('POST', '/policies', {
      code: `tier-${tag}`,
      name: 'Tier',
      ...given.policy,
    });
    const license = await this.must('POST', '/licenses', {
      product: product.code,
      policy: policy.code,
      ...given.license,
    });
    return { product, policy, license, key: license.key };
  }

  sql<Row = any>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.dataSource.query(text, values);
  }

  stop(): Promise<void> {
    return this.dispose();
  }
}

const quiet = () => undefined;

/** A hardware id that no other test uses. */
export const hardwareId = (): string => randomBytes(32).toString('hex');

/** A body as an installed panel sends it. */
export const panelBody = (licenseKey: string, hardware: string, more: object = {}) => ({
  license_key: licenseKey,
  hardware_id: hardware,
  version: '1.0.0',
  ...more,
});

/**
 * Starts the service. `databaseUrl` joins one that another app runs on (a second node), which must share the master key:
 * pass the first app's `config.MASTER_KEY` in `settings` then.
 */
export async function startApp({
  settings = {},
  clock = new SettableClock(),
  databaseUrl,
}: {
  settings?: Record<string, string>;
  clock?: SettableClock;
  databaseUrl?: string;
} = {}): Promise<TestApp> {
  const clone =
    databaseUrl === undefined ? await cloneDatabase() : { url: databaseUrl, drop: async () => undefined };
  const dataDir = await mkdtemp(join(tmpdir(), 'mooring-test-'));
  const adminKey = settings.MOORING_ADMIN_KEY ?? `mk_${randomBytes(24).toString('hex')}`;
  const config = readConfig({
    PORT: '0',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'fatal',
    DATABASE_URL: clone.url,
    DATA_DIR: dataDir,
    MASTER_KEY: randomBytes(32).toString('base64'),
    MOORING_ADMIN_KEY: adminKey,
    MOORING_ADMIN_PASSWORD: PASSWORD,
    PUBLIC_URL: 'https://licenses.example.test',
    ...WIDE_LIMITS,
    ...settings,
  });
  const database = await openDatabase(
    { url: clone.url, dataDir, poolSize: config.DATABASE_POOL_SIZE },
    { log: quiet },
  );
  const { dataSource } = database;
  const keys = await openKeys(
    { masterKey: config.MASTER_KEY, dataDir, issuer: config.PUBLIC_URL },
    { dataSource, clock },
  );
  const storage = await ArtifactStorage.open({ ...config, DATA_DIR: dataDir });
  const foundation = { config, clock, database, keys, storage };
  const nest = await createApp(foundation);
  await bootstrap({ ...foundation, say: quiet });
  await nest.listen(0, '127.0.0.1');
  const { port } = nest.getHttpServer().address() as AddressInfo;
  return new TestApp(
    nest,
    `http://127.0.0.1:${port}`,
    clone.url,
    dataSource,
    clock,
    config,
    adminKey,
    async () => {
      await nest.close();
      await database.stop();
      await clone.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  );
}
