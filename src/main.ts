import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Foundation } from './app.foundation.js';
import { createApp } from './app.setup.js';
import { bootstrap } from './auth/bootstrap.js';
import { SystemClock } from './clock.js';
import { loadConfig, type Config } from './config.js';
import { openDatabase } from './database/open.js';
import { openKeys } from './signing/open-keys.js';
import { StartupError } from './startup-error.js';
import { ArtifactStorage } from './storage/artifact-storage.js';

/** A supervisor kills after ten seconds; what is still open by then is cut, so that the database can stop cleanly. */
const DRAIN_MS = 6_000;
const GIVE_UP_MS = 9_500;

const say = (line: string) => process.stdout.write(`${line}\n`);

async function openFoundation(config: Config, onLost: (cause: string) => void): Promise<Foundation> {
  const clock = new SystemClock();
  const database = await openDatabase(
    { url: config.DATABASE_URL, dataDir: config.DATA_DIR, poolSize: config.DATABASE_POOL_SIZE },
    { log: say, onLost },
  );
  try {
    const keys = await openKeys(
      { masterKey: config.MASTER_KEY, dataDir: database.dataDir, issuer: config.PUBLIC_URL },
      { dataSource: database.dataSource, clock, warn: say },
    );
    const storage = await ArtifactStorage.open({ ...config, DATA_DIR: database.dataDir });
    return { config, clock, database, keys, storage };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

async function listen(app: NestFastifyApplication, { HOST, PORT, PUBLIC_URL }: Config): Promise<void> {
  try {
    await app.listen(PORT, HOST);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = {
      EADDRINUSE: `Port ${PORT} is already taken: stop what listens there, or set PORT.`,
      EACCES: `Port ${PORT} may not be used by this user: set PORT to 1024 or more.`,
      EADDRNOTAVAIL: `HOST ${HOST} is no address of this machine.`,
      ENOTFOUND: `HOST ${HOST} is no address of this machine.`,
      EAI_AGAIN: `HOST ${HOST} is no address of this machine.`,
    }[code ?? ''];
    throw reason === undefined ? error : new StartupError(reason, { cause: error });
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  say(`Mooring serves on ${PUBLIC_URL} (listening on ${HOST}:${port}).`);
}

/** Lets requests under way finish, then stops the database: nothing that was acknowledged is lost. */
function stopOnSignals(app: NestFastifyApplication, { database }: Foundation): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), GIVE_UP_MS).unref();
    const server = app.getHttpServer() as { closeAllConnections(): void };
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
    await app.close();
    await database.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop().catch((error: unknown) => fail(error));
    });
  }
}

function fail(error: unknown): never {
  const text =
    error instanceof StartupError
      ? error.message
      : `Mooring failed: ${String((error as Error)?.stack ?? error)}`;
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const config = loadConfig();
  const foundation = await openFoundation(config, (cause) =>
    fail(new StartupError(`The database has stopped: ${cause}`)),
  );
  try {
    const app = await createApp(foundation);
    await bootstrap({ ...foundation, say });
    await listen(app, config);
    stopOnSignals(app, foundation);
  } catch (error) {
    await foundation.database.stop();
    throw error;
  }
}

main().catch(fail);
