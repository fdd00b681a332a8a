import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Schedule } from '../../src/schedule/schedule.js';
import { EventStream } from '../../src/serve/event-stream.js';
import type { Status } from '../../src/status.js';
import { TestListener } from '../setup/listeners.js';
import type { TestPanel } from '../setup/panels.js';
import { ScheduleWorld } from '../setup/schedules.js';

let world: ScheduleWorld;
beforeAll(async () => {
  world = await ScheduleWorld.open();
});
afterAll(() => world.close());

let server: Server;
let events: EventStream;
let read: () => Promise<Status>;
let panel: TestPanel;
let schedule: Schedule;
let become: (change: 'suspend' | 'reinstate') => Promise<unknown>;

const listen = () =>
  TestListener.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'a token');
const nextCode = async (listener: TestListener) => (await listener.next()).data.license.code;

/** Wired as `serve` does it, but the schedule looks when the test says so. */
beforeEach(async () => {
  const activated = await world.activated();
  panel = activated.panel;
  become = async (change) => {
    await world.app.must('POST', `/licenses/${activated.license.id}/${change}`, {});
    return panel.agent.check();
  };
  schedule = new Schedule(panel.agent);
  events = new EventStream(panel.clock);
  schedule.onChange((status) => events.announce(status));
  read = () => schedule.status();
  server = createServer((_request, response) => void events.open(response, read));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('a stream of events', () => {
  it('does not tell a listener again what it began with, when the schedule looks only then', async () => {
    await schedule.status();
    await become('suspend');
    const listener = await listen();
    expect(await nextCode(listener)).toBe('SUSPENDED');
    await schedule.status();
    await become('reinstate');
    await schedule.status();
    expect(await nextCode(listener)).toBe('VALID');
    await become('suspend');
    await schedule.status();
    expect(await nextCode(listener)).toBe('SUSPENDED');
  });

  it('tells all of them what one of them was first to read, and the way back from it', async () => {
    const early = await listen();
    expect(await nextCode(early)).toBe('VALID');
    await become('suspend');
    const late = await listen();
    expect([await nextCode(late), await nextCode(early)]).toEqual(['SUSPENDED', 'SUSPENDED']);
    // Before the schedule has looked: to it alone, nothing has happened since.
    await become('reinstate');
    await schedule.status();
    expect([await nextCode(late), await nextCode(early)]).toEqual(['VALID', 'VALID']);
  });

  it('begins with what is so after a change that was announced while it was read', async () => {
    const valid = await panel.agent.status();
    await become('suspend');
    const suspended = await panel.agent.status();
    const answers = [valid, suspended];
    read = () => {
      const [answer] = answers.splice(0, 1);
      if (answers.length > 0) events.announce(suspended);
      return Promise.resolve(answer!);
    };
    expect(await nextCode(await listen())).toBe('SUSPENDED');
  });
});
