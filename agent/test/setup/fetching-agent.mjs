import { systemClock } from '../../dist/clock.js';
import { fetchFile } from '../../dist/updates/download.js';

/** The built agent fetching one file, in a process that can be killed. What it is to do comes as its argument. */
const { download, folder, insecureHttp, sayAt = Infinity } = JSON.parse(process.argv[2]);

const say = (line) => process.stdout.write(`${line}\n`);

let hasReached = false;
const progress = {
  begin: () => undefined,
  received: (bytes) => {
    if (bytes >= sayAt && !hasReached) {
      hasReached = true;
      say('reached');
    }
    if (bytes === download.size) say('complete');
  },
  end: () => undefined,
  say,
};

say('ready');
try {
  const renew = async () => download;
  const { path } = await fetchFile({ download, renew, folder, clock: systemClock, progress, insecureHttp });
  say(`path ${path}`);
} catch (error) {
  say(`fault ${error.code} ${error.message}`);
  process.exitCode = 1;
}
