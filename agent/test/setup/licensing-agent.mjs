import { Agent } from '../../dist/agent.js';
import { systemClock } from '../../dist/clock.js';

/** The built agent activating and checking for ever, in a process whose clock goes as far ahead as the service's. */
const { settings, aheadMs, key } = JSON.parse(process.argv[2]);
const clock = { ...systemClock, now: () => new Date(Date.now() + aheadMs) };
const agent = new Agent(settings, { clock });

const CHECKS = 2;

const say = (line) => process.stdout.write(`${line}\n`);
const granted = ({ answer, code, problem }) => {
  if (answer !== 'granted') throw new Error(`${answer}: ${code}, ${problem}`);
};

say('ready');
for (;;) {
  granted(await agent.activate(key));
  for (let check = 0; check < CHECKS; check += 1) granted(await agent.check());
  say('round');
}
