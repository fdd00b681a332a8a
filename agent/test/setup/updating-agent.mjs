import { Agent } from '../../dist/agent.js';
import { systemClock } from '../../dist/clock.js';
import { runUpdate } from '../../dist/updates/update.js';

/** The built agent updating its panel, in a process of its own whose clock goes as far ahead as the service's. */
const { settings, aheadMs } = JSON.parse(process.argv[2]);
const clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) };

const { message } = await runUpdate(new Agent(settings, { clock }));
process.stdout.write(`${message}\n`);
