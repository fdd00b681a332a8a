import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Pressure } from '../../src/domain/overload.js';
import { until } from '../setup/until.js';

// In a graph of their own, after Nest: see test/setup/nest-first.mjs.
const { measurePressure, shedLoad } = await import('../../src/http/overload/register.js');
type Shedder = Parameters<typeof shedLoad>[1];

const BODY = '{"a":1}';
const HEAD =
  'POST /api/v1/license/validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n';
const CALL = HEAD + BODY;

let fastify: FastifyInstance;
let samples: Pressure[];
/** Requests in front of the service's door, and within. */
let doors: { held: (() => void)[]; isOpen: boolean };
let within: PromiseWithResolvers<void>;
let handled: number;
let sockets: Socket[];

beforeEach(async () => {
  samples = [];
  doors = { held: [], isOpen: true };
  within = Promise.withResolvers();
  handled = 0;
  sockets = [];
  fastify = Fastify();
  fastify.addHook('onRequest', (_request, _reply, done) => {
    if (doors.isOpen) done();
    else doors.held.push(done);
  });
  const shedder = { take: (pressure: Pressure) => void samples.push(pressure), refusal: () => null };
  shedLoad(fastify, shedder as unknown as Shedder);
  measurePressure(fastify, shedder as unknown as Shedder, { waitingCount: 0, on: () => undefined });
  fastify.post(
    '/api/v1/license/validate',
    { schema: { body: { type: 'object', required: ['a'] } } },
    async () => {
      handled++;
      await within.promise;
      return {};
    },
  );
  fastify.post('/api/v1/admin/products', async () => {
    handled++;
    await within.promise;
    return {};
  });
  await fastify.listen();
});
afterEach(async () => {
  within.resolve();
  for (const socket of sockets) socket.destroy();
  await fastify.close();
});

async function connected(): Promise<Socket> {
  const socket = connect((fastify.server.address() as AddressInfo).port);
  sockets.push(socket);
  await once(socket, 'connect');
  socket.resume();
  return socket;
}

async function send(count: number, text: string): Promise<Socket[]> {
  const made = await Promise.all(Array.from({ length: count }, connected));
  for (const socket of made) socket.write(text);
  return made;
}

/** Until the service has so many connections. */
const untilConnected = (wanted: number) =>
  until(
    () => new Promise<number>((resolve) => fastify.server.getConnections((_, count) => resolve(count))),
    (count) => count === wanted,
  );

/** Who waits by the next sample. */
async function waiting(): Promise<number | undefined> {
  const seen = samples.length;
  await until(
    () => samples.length,
    (count) => count > seen,
  );
  return samples.at(-1)?.panels.waiting;
}

describe('the panels that wait', () => {
  it('are those who are not answered, and no others', async () => {
    await send(3, CALL);
    await send(2, CALL.replace('license/validate', 'admin/products'));
    await until(
      () => handled,
      (count) => count === 5,
    );
    expect(await waiting()).toBe(3);
    within.resolve();
    expect(await waiting()).toBe(0);
    expect(samples.reduce((sum, { panels }) => sum + panels.served, 0)).toBe(3);
  });

  it('are not those for whose request the service waits itself', async () => {
    await send(120, HEAD);
    await untilConnected(120);
    await waiting();
    expect(await waiting()).toBe(0);
  });

  it('are fewer again by those who are refused', async () => {
    const [socket] = await send(1, HEAD + '{"b":1}');
    await once(socket as Socket, 'data');
    expect(await waiting()).toBe(0);
    expect(samples.reduce((sum, { panels }) => sum + panels.served, 0)).toBe(1);
  });

  it('are none of those who have hung up, once their answers are made, many on one connection among them', async () => {
    for (const socket of [...(await send(3, CALL)), ...(await send(1, CALL.repeat(50)))]) {
      await sleep(100);
      socket.destroy();
    }
    await until(
      () => handled,
      (count) => count === 53,
    );
    expect(await waiting()).toBe(53);
    within.resolve();
    expect(await waiting()).toBe(0);
  });

  it('are none of those who left before the service was open', async () => {
    doors.isOpen = false;
    const left = await send(20, CALL);
    await until(
      () => doors.held.length,
      (count) => count === 20,
    );
    for (const socket of left) socket.destroy();
    await untilConnected(0);
    within.resolve();
    doors.isOpen = true;
    for (const done of doors.held) done();
    await waiting();
    expect(await waiting()).toBe(0);
  });
});
