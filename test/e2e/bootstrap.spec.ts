import { setTimeout as sleep } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../src/app.setup.js';
import { bootstrap } from '../../src/auth/bootstrap.js';
import { Pepper } from '../../src/signing/data-keys.js';
import { KeyRing } from '../../src/signing/key-ring.js';
import { parseMasterKey } from '../../src/signing/master-key.js';
import { Vault } from '../../src/signing/vault.js';
import { ArtifactStorage } from '../../src/storage/artifact-storage.js';
import { startApp } from '../setup/app.js';

describe('the first start', () => {
  it('has made one admin and one key, also when two nodes start at once', async () => {
    const fresh = await startApp();
    try {
      await fresh.sql('delete from users');
      await fresh.sql('delete from api_keys');
      const said: string[] = [];
      const foundation = {
        config: { MOORING_ADMIN_PASSWORD: null, MOORING_ADMIN_KEY: null },
        clock: fresh.clock,
        database: { dataSource: fresh.dataSource },
        keys: { pepper: fresh.nest.get(Pepper), masterKeyFile: null },
        say: (line: string) => void said.push(line),
      };
      await Promise.all([bootstrap(foundation), bootstrap(foundation)]);
      await bootstrap(foundation);
      expect(await fresh.sql('select username, role from users')).toEqual([
        { username: 'admin', role: 'admin' },
      ]);
      expect(await fresh.sql('select permissions from api_keys')).toEqual([{ permissions: ['all'] }]);
      const shown = (form: RegExp) => said.filter((line) => form.test(line));
      const [password] = shown(/Admin password/);
      const [key] = shown(/Admin API key/);
      expect([shown(/Admin password/), shown(/Admin API key/)].map((lines) => lines.length)).toEqual([1, 1]);
      const answer = await fresh.request('POST', '/api/v1/auth/login', {
        body: { username: 'admin', password: password?.split(/ +/).at(-1) },
      });
      expect(answer.status).toBe(200);
      const list = await fresh.request('GET', '/api/v1/admin/api-keys', {
        headers: { 'x-admin-key': key?.split(/ +/).at(-1) ?? '' },
      });
      expect(list.status).toBe(200);
    } finally {
      await fresh.stop();
    }
  });

  it('is refused with a password that is too easy to guess, and makes nobody then', async () => {
    const fresh = await startApp();
    try {
      await fresh.sql('delete from users');
      await fresh.sql('delete from api_keys');
      const start = bootstrap({
        config: { MOORING_ADMIN_PASSWORD: 'administrator', MOORING_ADMIN_KEY: null },
        clock: fresh.clock,
        database: { dataSource: fresh.dataSource },
        keys: { pepper: fresh.nest.get(Pepper), masterKeyFile: null },
        say: () => undefined,
      });
      await expect(start).rejects.toThrow('MOORING_ADMIN_PASSWORD is too easy to guess.');
      expect(await fresh.sql('select 1 from users')).toEqual([]);
    } finally {
      await fresh.stop();
    }
  });

  it('answers nobody before it has made them, though the port is taken by then', async () => {
    const other = await startApp();
    const { nest, config, clock, dataSource } = other;
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const held = await createApp(
      {
        config,
        clock,
        database: {
          dataSource,
          dataDir: String(config.DATA_DIR),
          embedded: false,
          stop: async () => undefined,
        },
        keys: {
          pepper: nest.get(Pepper),
          vault: nest.get(Vault),
          keyRing: nest.get(KeyRing),
          masterKey: parseMasterKey(String(config.MASTER_KEY)),
          masterKeyFile: null,
        },
        storage: nest.get(ArtifactStorage),
      },
      opened,
    );
    try {
      await held.listen(0, '127.0.0.1');
      const { port } = held.getHttpServer().address() as AddressInfo;
      const paths = ['/health/ready', '/health/live', '/api/v1/admin/licenses', '/nowhere'];
      const answers = paths.map((path) => fetch(`http://127.0.0.1:${port}${path}`));
      expect(await Promise.race([...answers, sleep(300, 'silence')])).toBe('silence');
      open();
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 401, 404]);
    } finally {
      await held.close();
      await other.stop();
    }
  });
});
