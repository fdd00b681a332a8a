import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Logger } from 'nestjs-pino';
import type { Foundation } from './app.foundation.js';
import { bootstrap } from './auth/bootstrap.js';
import { SystemClock } from './clock.js';
import { loadConfig, type Config } from './config.js';
import { openDatabase, type OpenDatabase } from './database/open.js';
import { openKeys } from './signing/open-keys.js';
import { StartupError } from './startup-error.js';
import { ArtifactStorage } from './storage/artifact-storage.js';

type CreateApp = (typeof import('./app.setup.js'))['createApp'];

/** A supervisor kills after ten seconds; what is still open by then is cut, so that the database can stop cleanly. */
const DRAIN_MS = 6_000;
const GIVE_UP_MS = 9_500;

/**
 * V8 lets the heap grow to several times what is in use before it collects, which suits a machine that does nothing else.
 * From the start on that is 60 MB, and a third more is enough. Not before: while modules are loaded it only grows.
 */
const keepHeapSmall = () => setFlagsFromString('--heap-growing-percent=30');

const say = (line: string) => process.stdout.write(`${line}\n`);

function fail(error: unknown): never {
  const text =
    error instanceof StartupError
      ? error.message
      : `Mooring failed: ${String((error as Error)?.stack ?? error)}`;
  process.stderr.write(`${text}\n`);
  process.exit(1);
}

const giveUp = () => fail(new StartupError('Mooring could not stop in time and has given up.'));

/** Aborted when the service is asked to stop: from its first moment on, for the database may be starting by then. */
function stopOnSignals(): AbortSignal {
  const stop = new AbortController();
  const ask = () => {
    if (stop.signal.aborted) return;
    setTimeout(giveUp, GIVE_UP_MS).unref();
    stop.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, ask);
  return stop.signal;
}

async function openFoundation(config: Config, database: OpenDatabase): Promise<Foundation> {
  const clock = new SystemClock();
  const keys = await openKeys(
    { masterKey: config.MASTER_KEY, dataDir: database.dataDir, issuer: config.PUBLIC_URL },
    { dataSource: database.dataSource, clock },
  );
  const storage = await ArtifactStorage.open({ ...config, DATA_DIR: database.dataDir });
  return { config, clock, database, keys, storage };
}

async function listen(app: NestFastifyApplication, { HOST, PORT }: Config): Promise<void> {
  // Nest would log a failure as well. No request is answered yet, so nothing else is lost.
  app.useLogger(false);
  try {
    await app.listen(PORT, HOST);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const noAddress = `HOST ${HOST} is no address of this machine.`;
    const reason = {
      EADDRINUSE: `Port ${PORT} is already taken: stop what listens there, or set PORT.`,
      EACCES: `Port ${PORT} may not be used by this user: set PORT to 1024 or more.`,
      EADDRNOTAVAIL: noAddress,
      EAFNOSUPPORT: noAddress,
      EAI_AGAIN: noAddress,
      EINVAL: noAddress,
      ENOTFOUND: noAddress,
    }[code ?? ''];
    throw reason === undefined ? error : new StartupError(reason, { cause: error });
  }
  app.useLogger(app.get(Logger));
}

/** Lets requests under way finish: nothing that was acknowledged is lost. */
async function drain(app: NestFastifyApplication): Promise<void> {
  const server = app.getHttpServer() as { closeAllConnections(): void };
  setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
  await app.close();
}

/** Serves until `stop` and drains. The first secrets are shown once, so they are made only when the port is ours. */
async function serve(createApp: CreateApp, foundation: Foundation, stop: AbortSignal): Promise<void> {
  const { config } = foundation;
  const opening = Promise.withResolvers<void>();
  const app = await createApp(foundation, opening.promise);
  if (stop.aborted) return;
  await listen(app, config);
  await bootstrap({ ...foundation, say });
  opening.resolve();
  const { port } = app.getHttpServer().address() as AddressInfo;
  keepHeapSmall();
  say(`Mooring serves on ${config.PUBLIC_URL} (listening on ${config.HOST}:${port}).`);
  if (!stop.aborted) await once(stop, 'abort');
  await drain(app);
}

/** Null when a stop was asked for meanwhile. What fails after that is its doing: control-C can reach children too. */
async function openUnlessStopped(config: Config, stop: AbortSignal): Promise<OpenDatabase | null> {
  try {
    return await openDatabase(
      { url: config.DATABASE_URL, dataDir: config.DATA_DIR, poolSize: config.DATABASE_POOL_SIZE },
      { log: say, onLost: (cause) => fail(new StartupError(`The database has stopped: ${cause}`)), stop },
    );
  } catch (error) {
    if (stop.aborted) return null;
    throw error;
  }
}

async function openAndServe(stop: AbortSignal): Promise<void> {
  const config = loadConfig();
  // Thousands of modules, which are loaded while the database starts.
  const loading = import('./app.setup.js');
  // A failure is told of where it is awaited, once there is a database to be stopped.
  loading.catch(() => undefined);
  const database = await openUnlessStopped(config, stop);
  if (database === null) return;
  try {
    const { createApp } = await loading;
    if (!stop.aborted) await serve(createApp, await openFoundation(config, database), stop);
  } finally {
    await database.stop();
  }
}

/** Runs the service to its end and ends the process: 0 when it was asked to stop, 1 after one line that says why. */
export async function runService(): Promise<never> {
  await openAndServe(stopOnSignals()).catch(fail);
  process.exit(0);
}
