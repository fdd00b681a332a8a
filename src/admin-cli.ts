import { runAdmin } from './admin-cli/run.js';
import { SystemClock } from './clock.js';
import { loadConfig } from './config.js';

process.exitCode = await runAdmin(process.argv.slice(2), {
  loadConfig,
  clock: new SystemClock(),
  say: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});
