import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { validate, version } from 'uuid';
import { currentRequestId, followRequests, newRequestId } from '../../src/http/request-ids.js';

describe('the id of a request', () => {
  it('is a UUIDv7 of now that no other has', () => {
    const began = Date.now();
    const ids = Array.from({ length: 10_000 }, newRequestId);
    const ended = Date.now();
    expect(new Set(ids).size).toBe(ids.length);
    const times = ids.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
    expect(ids.filter((id) => !validate(id) || version(id) !== 7)).toEqual([]);
    expect(times.filter((time) => time < began || time > ended)).toEqual([]);
    // What follows the time and the version is random: in ten thousand ids each digit is met at each place.
    const tails = ids.map((id) => id.slice(24));
    for (let place = 0; place < 12; place++) expect(new Set(tails.map((tail) => tail[place])).size).toBe(16);
  });
});

async function tellIds({ id, body }: FastifyRequest) {
  const ids = [currentRequestId()];
  await turn();
  ids.push(currentRequestId());
  return { id, ids, body };
}

describe('what is done for a request', () => {
  let fastify: FastifyInstance;
  let url: string;
  /** Whom to tell that a request of that number has come in. */
  const arrived = new Map<string, () => void>();
  beforeAll(async () => {
    fastify = Fastify({ genReqId: newRequestId });
    followRequests(fastify);
    fastify.addHook('onRequest', (incoming, _reply, done) => {
      arrived.get(String(incoming.headers['x-number']))?.();
      done();
    });
    fastify.route({ method: 'POST', url: '/', handler: tellIds });
    await fastify.listen({ port: 0, host: '127.0.0.1' });
    url = `http://127.0.0.1:${(fastify.server.address() as AddressInfo).port}/`;
  });
  afterAll(() => fastify.close());

  /** Sends the body once the request has come in without it, and in pieces. */
  async function post(number: number) {
    const { promise, resolve } = Promise.withResolvers<void>();
    arrived.set(String(number), resolve);
    const sent = request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-number': number },
    });
    const answered = once(sent, 'response');
    sent.flushHeaders();
    await promise;
    for (const piece of [`{"number":`, `${number}`, '}']) {
      sent.write(piece);
      await turn();
    }
    sent.end();
    const [response] = await answered;
    return (await json(response)) as any;
  }

  it('knows its id, also after the body was read and with others at once', async () => {
    const answers = await Promise.all(Array.from({ length: 30 }, (_, number) => post(number)));
    for (const [number, { id, ids, body }] of answers.entries()) {
      expect(body).toEqual({ number });
      expect(ids).toEqual([id, id]);
    }
    expect(new Set(answers.map(({ id }) => id)).size).toBe(30);
  });

  it('is nobody’s outside of one', () => {
    expect(currentRequestId()).toBeUndefined();
  });
});
