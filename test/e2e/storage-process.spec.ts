import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cloneDatabase } from '../setup/database.js';
import { runToEnd, startService } from '../setup/service-process.js';

let database: Awaited<ReturnType<typeof cloneDatabase>>;
let folder: string;
beforeAll(async () => {
  database = await cloneDatabase();
  folder = await mkdtemp(join(tmpdir(), 'mooring-test-'));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

const settings = (more: Record<string, string> = {}) => ({
  DATABASE_URL: database.url,
  DATA_DIR: folder,
  MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
  MOORING_ADMIN_KEY: `mk_${'a'.repeat(48)}`,
  MOORING_ADMIN_PASSWORD: 'correct horse battery staple',
  LOG_LEVEL: 'info',
  ...more,
});

describe('the start', () => {
  it('is refused in one line for storage that cannot be used', async () => {
    await writeFile(join(folder, 'a file'), '');
    const refused: Record<string, string> = {
      's3://files?colour=red':
        'STORAGE_URL has an unknown parameter; it takes region, endpoint, force_path_style.',
      's3://key:secret@files':
        'STORAGE_URL may not hold credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
      [`file:${folder}/a file`]: `The storage folder can't be written to: ${folder}/a file/staging.`,
    };
    for (const [STORAGE_URL, sentence] of Object.entries(refused)) {
      expect(await runToEnd(settings({ STORAGE_URL }))).toEqual({ code: 1, output: `${sentence}\n` });
    }
  });
});

describe('the log', () => {
  it('holds no failure for clients that leave in the middle, and no token', async () => {
    const service = await startService(settings());
    const admin = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(`${service.url}/api/v1/admin${path}`, {
        method,
        headers: {
          'x-admin-key': settings().MOORING_ADMIN_KEY,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      return ((await response.json()) as any).data;
    };
    try {
      await admin('POST', '/products', { code: 'panel', name: 'Panel' });
      await admin('POST', '/policies', { code: 'tier', name: 'Tier' });
      const { key } = await admin('POST', '/licenses', { product: 'panel', policy: 'tier' });
      const { id } = await admin('POST', '/versions', { product: 'panel', version: '1.0.0' });
      const upload = () =>
        httpRequest(`${service.url}/api/v1/admin/versions/${id}/artifacts?filename=panel.tgz`, {
          method: 'POST',
          agent: false,
          headers: {
            'x-admin-key': settings().MOORING_ADMIN_KEY,
            'content-type': 'application/octet-stream',
            'content-length': 5_000_000,
          },
        }).on('error', () => undefined);

      const cut = upload();
      cut.write(randomBytes(1_000_000));
      const staged = () => readdir(join(folder, 'storage', 'staging'));
      while ((await staged()).length === 0) await sleep(20);
      cut.destroy();
      while ((await staged()).length > 0) await sleep(20);

      const whole = upload();
      whole.end(randomBytes(5_000_000));
      const [uploaded] = await once(whole, 'response');
      expect(uploaded.statusCode).toBe(201);
      uploaded.resume();
      await admin('POST', `/versions/${id}/publish`);
      const minted = await fetch(`${service.url}/api/v1/download/token`, {
        method: 'POST',
        headers: { 'x-admin-key': settings().MOORING_ADMIN_KEY, 'content-type': 'application/json' },
        body: JSON.stringify({ license_key: key }),
      });
      const { token } = (await minted.json()) as { token: string };
      const path = `${service.url}/api/v1/download/file/${token}`;
      for (let i = 0; i < 5; i++) {
        const request = httpRequest(path, { agent: false }).end();
        const [response] = await once(request, 'response');
        await once(
          response.on('error', () => undefined),
          'data',
        );
        request.destroy();
      }
      expect((await fetch(path, { headers: { range: 'bytes=9999999-' } })).status).toBe(416);
      // Nothing is left to be said then.
      await service.stop();
      expect(service.output()).toContain('/download/file/***');
      expect(service.output()).not.toContain(token);
      expect(service.output()).not.toMatch(/"level":(50|60)/);
    } finally {
      await service.stop();
    }
  });
});
