import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/clock.js';
import { EventStream } from '../../src/serve/event-stream.js';
import type { Status } from '../../src/status.js';
import { TestListener } from '../setup/listeners.js';

const status = (code: Status['code'], last_checked: string): Status => ({
  state: code === 'VALID' ? 'licensed' : 'unlicensed',
  code,
  message: code,
  warnings: [],
  is_valid: code === 'VALID',
  has_license_file: true,
  needs_refresh: false,
  license: null,
  refresh_after: null,
  valid_until: null,
  grace_until: null,
  last_checked,
  hardware_id: null,
  server: null,
  version: null,
  usage: {},
});

let server: Server;
let events: EventStream;
let read: () => Promise<Status>;
const listen = () =>
  TestListener.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'a token');

beforeEach(async () => {
  events = new EventStream(systemClock);
  server = createServer((_request, response) => void events.open(response, read));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('a stream of events', () => {
  it('does not tell a listener again what it began with, when the announcement of it comes late', async () => {
    read = () => Promise.resolve(status('VALID', '2026-11-28T10:00:00.000Z'));
    const listener = await listen();
    expect((await listener.next()).data.license.code).toBe('VALID');
    events.announce(status('VALID', '2026-11-28T11:00:00.000Z'));
    events.announce(status('REVOKED', '2026-11-28T12:00:00.000Z'));
    expect((await listener.next()).data.license.code).toBe('REVOKED');
    events.announce(status('VALID', '2026-11-28T13:00:00.000Z'));
    expect((await listener.next()).data.license.code).toBe('VALID');
  });

  it('begins with what is so after a change that was announced while it was read', async () => {
    const answers = [
      status('VALID', '2026-11-28T10:00:00.000Z'),
      status('REVOKED', '2026-11-28T11:00:00.000Z'),
    ];
    read = () => {
      const [answer] = answers.splice(0, 1);
      if (answers.length > 0) events.announce(status('REVOKED', '2026-11-28T11:00:00.000Z'));
      return Promise.resolve(answer!);
    };
    const listener = await listen();
    expect((await listener.next()).data.license.code).toBe('REVOKED');
  });
});
