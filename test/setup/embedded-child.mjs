/**
 * A service reduced to its database, to be killed: node embedded-child.mjs <launcher module> <data folder>.
 * Writes one JSON object per line, first { host } or { refusal }, later { ended } when the server went away.
 */
import { pathToFileURL } from 'node:url';

const [, , launcher, dataDir] = process.argv;
const { startEmbeddedPostgres } = await import(pathToFileURL(launcher).href);
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const { host, stop } = await startEmbeddedPostgres({
    dataDir,
    log: () => undefined,
    onUnexpectedExit: (ended) => tell({ ended }),
  });
  const alive = setInterval(() => undefined, 60_000);
  process.once('SIGTERM', async () => {
    await stop();
    clearInterval(alive);
  });
  // What Control-C sends; a service would begin to drain.
  process.on('SIGINT', () => undefined);
  tell({ host });
} catch (error) {
  tell({ refusal: error.message });
}
