import { refuseOldNode } from './supported-node.js';

refuseOldNode();
// Only now: what is loaded here uses what an older Node does not have.
const [{ runAdmin }, { SystemClock }, { loadConfig }] = await Promise.all([
  import('./admin-cli/run.js'),
  import('./clock.js'),
  import('./config.js'),
]);

// Whoever reads has heard enough (`| head`). What was begun is brought to its end all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runAdmin(process.argv.slice(2), {
  loadConfig,
  clock: new SystemClock(),
  say: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});
