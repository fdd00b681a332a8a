import { Agent } from '../../dist/agent.js';
import { systemClock } from '../../dist/clock.js';
import { runUpdate } from '../../dist/updates/update.js';

/**
 * The built agent updating its panel, in a process of its own whose clock goes as far ahead as the service's. It says what
 * happens, `reached` at `sayAt` bytes and `complete` at the last one.
 */
const { settings, aheadMs, sayAt = Infinity } = JSON.parse(process.argv[2]);
const clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) };

const say = (line) => process.stdout.write(`${line}\n`);
let [size, hasReached] = [0, false];
const progress = {
  begin: (file) => {
    size = file.size;
  },
  received: (bytes) => {
    if (bytes >= sayAt && !hasReached) {
      hasReached = true;
      say('reached');
    }
    if (bytes === size) say('complete');
  },
  end: () => undefined,
  say,
};

say('ready');
const { message } = await runUpdate(new Agent(settings, { clock }), { progress });
say(message);
