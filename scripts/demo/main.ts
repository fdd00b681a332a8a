import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { live } from './life.ts';
import { HELP, readOptions, type Options } from './options.ts';
import { Report, Surprise } from './report.ts';
import { startOwnService } from './service.ts';
import { shorten } from './show.ts';

/** What was begun and has to be ended, the latest first. */
const endings: (() => Promise<void>)[] = [];
let isLeaving = false;

async function leave(code: number): Promise<void> {
  if (isLeaving) return;
  isLeaving = true;
  process.exitCode = code;
  // One that is added meanwhile has its turn as well.
  for (let end = endings.pop(); end !== undefined; end = endings.pop()) {
    await end().catch((error: unknown) => {
      process.exitCode = 1;
      console.error(`What was begun could not be ended: ${String(error)}`);
    });
  }
  process.exit();
}

function options(): Options {
  try {
    return readOptions(process.argv.slice(2), process.env.ADMIN_KEY);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(1);
  }
}

/** `fetch` names its reason only in the cause. */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
};

async function demo({ service }: Options): Promise<void> {
  const report = new Report();
  report.title('A life of a license');
  try {
    const folder = mkdtempSync(join(tmpdir(), 'mooring-demo-'));
    endings.push(() => rm(folder, { recursive: true, force: true }));
    const used = service ?? (await startOwnService((stop) => endings.push(stop)));
    report.note(
      service === null
        ? `a service of its own on ${used.url}, with an embedded database`
        : `the service on ${used.url}`,
    );
    await live(report, used, { folder, atEnd: (stop) => endings.push(stop) });
    report.title(`\n✓ All as expected: ${report.summary()}.`);
    if (service !== null) report.note('what this run made stays there');
    await leave(0);
  } catch (error) {
    // Whatever fails after an interrupt fails because of it.
    if (isLeaving) return;
    if (!(error instanceof Surprise)) console.log(`    ✗ ${shorten(reasonOf(error))}`);
    report.title(`\n✗ Not as expected, after ${report.summary()}.`);
    await leave(1);
  }
}

const asked = options();
if (asked.help) {
  console.log(HELP);
} else {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => void leave(128 + constants.signals[signal]));
  }
  await demo(asked);
}
