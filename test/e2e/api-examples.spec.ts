import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { jest } from '@jest/globals';
import { decodeJwt } from 'jose';
import { subscribe } from '../setup/deliveries.js';
import { ExpiryNotices } from '../../src/housekeeping/expiry-notices.js';
import { STORY, type Step } from '../setup/api-story.js';
import { LimitStore } from '../../src/http/limits/limit-store.js';
import { LIMITS, type LimitName } from '../../src/http/limits/limits.js';
import { planeOf } from '../../src/http/planes.js';
import type { DocumentedCall } from '../setup/api-contract.js';
import { Replay, type Sending } from '../setup/api-replay.js';
import { hardwareId, panelBody, startApp, type Answer, type TestApp } from '../setup/app.js';
import { addUser, bearer, tokenOf } from '../setup/people.js';

/** Every example of the document sent to the service, and every answer held against the document. */

let app: TestApp;
let replay: Replay;

const told: any[] = [];

/** Takes what webhooks send: the address of the example is somebody's. */
const receiver = createServer(async (request, response) => {
  told.push(await json(request));
  receiver.emit('told');
  response.writeHead(204).end();
});

beforeAll(async () => {
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  app = await startApp({ settings: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
  replay = await Replay.of(app);
  const { port } = receiver.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  replay.let('https://example.com/hooks/mooring', url);
  await subscribe(app, url, ['*']);
});
afterAll(async () => {
  await app.stop();
  receiver.closeAllConnections();
  receiver.close();
});

const STEPS = STORY.map((step): Step => (typeof step === 'string' ? { call: step } : step));

/** By what each call was counted, told as in the document. */
const countedBy = new Map<string, Set<string>>();

const limitTold = ({ by, setting }: { by: string; setting: string }) => `${setting} by ${by}`;

/** Sends a call and notes by what the service counts it. */
async function counted(call: DocumentedCall, sending?: Sending): Promise<Answer> {
  const store = app.nest.get(LimitStore, { strict: false });
  const spies = [jest.spyOn(store, 'hit'), jest.spyOn(store, 'peek')];
  const answer = await replay.send(call, sending);
  const names = spies.flatMap(({ mock }) => mock.calls.map(([name]) => name as LimitName));
  for (const spy of spies) spy.mockRestore();
  const limits = names.map((name) => limitTold(LIMITS[name]));
  countedBy.set(call.name, new Set([...(countedBy.get(call.name) ?? []), ...limits]));
  return answer;
}

/** What the document knows of a success, and the status it has. */
const successesOf = (operation: any): string[] =>
  Object.keys(operation.responses).filter((status) => Number(status) < 400);

describe('the examples of the document', () => {
  it('are each a step of the story', () => {
    const steps = new Set(STEPS.map(({ call }) => call));
    expect(replay.calls.map(({ name }) => name).filter((name) => !steps.has(name))).toEqual([]);
  });

  it('are each sent, whatever the type of the body', () => {
    const unsent = replay.calls.flatMap(({ name, operation }) => {
      const [first, ...others] = Object.keys(operation.requestBody?.content ?? {});
      if (others.length === 0) return [];
      const steps = STEPS.filter(({ call }) => call === name);
      const sent = new Set(steps.map(({ sending }) => sending?.(replay).type ?? first));
      return others.filter((type) => !sent.has(type)).map((type) => `${name}: ${type}`);
    });
    expect(unsent).toEqual([]);
  });

  it.each(STEPS.map((step) => [step.call, step.status ?? 'its status', step] as const))(
    '%s is answered with %s, as documented',
    async (name, _, step) => {
      const call = replay.call(name);
      await step.before?.(replay);
      const answer = await counted(call, step.sending?.(replay));
      const successes = step.status === undefined ? successesOf(call.operation) : [String(step.status)];
      const isSuccess = successes.includes(String(answer.status));
      expect(isSuccess ? [] : [answer.status, answer.body]).toEqual([]);
      expect(replay.contract.problems(call, answer)).toEqual([]);
      const [media] = Object.values<any>(replay.contract.responseOf(call, answer.status).content ?? {});
      replay.learn(media?.example, answer.body);
      await step.after?.(replay, answer);
    },
  );
});

describe('the limits of the document', () => {
  it('are those by which each call is counted, whoever makes it', async () => {
    const { username } = await addUser(app);
    const session = bearer(await tokenOf(app, { username }));
    for (const call of replay.calls.filter(({ path }) => planeOf(path) === 'admin')) {
      // Nothing is there, so nothing happens but the count.
      const parameters = { id: randomUUID() };
      const nothing = { parameters, ...(call.operation.requestBody !== undefined && { raw: '{' }) };
      await counted(call, { ...nothing, anonymous: true });
      await counted(call, { ...nothing, anonymous: true, headers: session });
    }
    for (const { name, operation } of replay.calls) {
      const shown = (operation['x-rate-limit'] ?? []).map(limitTold);
      expect([name, ...(countedBy.get(name) ?? [])].toSorted()).toEqual([name, ...shown].toSorted());
    }
  });
});

/** What no call of the document brings about by its example. */
async function unasked(): Promise<void> {
  for (const days of [10, 2]) {
    const expires_at = new Date(app.clock.now().getTime() + days * 86_400_000);
    await app.sell({ license: { expires_at } });
  }
  app.clock.advance({ days: 5 });
  await app.nest.get(ExpiryNotices, { strict: false }).tell();

  const { key } = await app.sell();
  const hardware = hardwareId();
  const { body } = await app.panel('activate', panelBody(key, hardware));
  await app.panel('activate', panelBody(key, hardwareId()));
  await app.panel('validate', panelBody(key, hardware, { lease_id: decodeJwt(body.lease).jti }));
  await app.panel('validate', panelBody(key, hardware));
}

describe('the events of the document', () => {
  it('are what receivers are told', async () => {
    await unasked();
    const { webhooks } = replay.contract.document;
    const missing = () => Object.keys(webhooks).filter((type) => !told.some((event) => event.type === type));
    // What does not come within the time is named below.
    const signal = AbortSignal.timeout(45_000);
    while (missing().length > 0 && !signal.aborted) {
      await once(receiver, 'told', { signal }).catch(() => undefined);
    }
    expect(missing()).toEqual([]);
    const wrong = told.flatMap((event) => {
      const { schema } = webhooks[event.type].post.requestBody.content['application/json'];
      return replay.contract.problemsOf(schema, event).map((problem) => `${event.type}: ${problem}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe('what the document shows', () => {
  it('are answers as its own schemas have them', () => {
    const wrong = replay.calls.flatMap(({ name, operation }) =>
      Object.keys(operation.responses).flatMap((status) => {
        const { content = {} } = replay.contract.resolve(operation.responses[status]);
        return Object.entries<any>(content).flatMap(([, { schema, example, examples }]) =>
          [
            ...(example === undefined ? [] : [example]),
            ...Object.values<any>(examples ?? {}).map(({ value }) => value),
          ]
            .flatMap((value) => replay.contract.problemsOf(schema, value))
            .map((problem) => `${name} ${status}: ${problem}`),
        );
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('are requests as its own schemas have them', () => {
    const wrong = replay.calls.flatMap(({ name, operation }) =>
      Object.values<any>(operation.requestBody?.content ?? {}).flatMap(({ schema, example }) =>
        replay.contract.problemsOf(schema, example).map((problem) => `${name}: ${problem}`),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
